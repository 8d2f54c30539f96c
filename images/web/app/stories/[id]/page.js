import { notFound } from 'next/navigation';
import { cache } from 'react';
import { Byline } from '../../byline.js';
import { ask } from '../../services.js';
import { Unavailable } from '../../unavailable.js';

// The title and the page ask for the same story; the api is asked once.
const findStory = cache((id) => ask((api, context) => api.findStory(id, context)));

export async function generateMetadata({ params }) {
  const { value: story } = await findStory((await params).id);
  return story ? { title: story.title } : {};
}

export default async function StoryPage({ params }) {
  const { value: story, failed } = await findStory((await params).id);
  if (failed) {
    return <Unavailable />;
  }
  if (!story) {
    notFound();
  }
  return (
    <article className="story" data-story-id={story.id}>
      <h1>{story.title}</h1>
      <Byline story={story} />
      {story.body.split(/\n{2,}/).map((paragraph, index) => (
        <p key={index}>{paragraph}</p>
      ))}
      <p>
        <a href="/">All stories</a>
      </p>
    </article>
  );
}
