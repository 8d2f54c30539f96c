import { Byline } from './byline.js';
import { ask } from './services.js';
import { Unavailable } from './unavailable.js';

export default async function Home() {
  const { value: stories, failed } = await ask((api, context) => api.listStories(context));
  return (
    <>
      <h1>Stories</h1>
      {failed ? <Unavailable /> : <StoryList stories={stories} />}
    </>
  );
}

function StoryList({ stories }) {
  if (stories.length === 0) {
    return <p className="empty">No story has been told yet.</p>;
  }
  return (
    <ol className="stories">
      {stories.map((story) => (
        <li key={story.id} data-story-id={story.id}>
          <h2>
            <a href={`/stories/${story.id}`}>{story.title}</a>
          </h2>
          <Byline story={story} />
        </li>
      ))}
    </ol>
  );
}
