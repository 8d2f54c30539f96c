const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

export function Byline({ story }) {
  return (
    <p className="byline">
      by {story.author}, <time dateTime={story.created_at}>{DAY.format(new Date(story.created_at))}</time>
    </p>
  );
}
