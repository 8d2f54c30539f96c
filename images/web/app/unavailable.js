export function Unavailable() {
  return (
    <div className="notice" role="status">
      <h2>Stories are unavailable right now</h2>
      <p>The storyteller does not answer. Please try again in a moment.</p>
    </div>
  );
}
