export const metadata = { title: 'Not found' };

export default function NotFound() {
  return (
    <div className="notice">
      <h1>There is no such page</h1>
      <p>
        Perhaps the story was never told. <a href="/">All stories</a>
      </p>
    </div>
  );
}
