'use client';

export default function Failure() {
  return (
    <div className="notice" role="alert">
      <h1>Something went wrong on our side</h1>
      <p>
        Please try again in a moment. <a href="/">All stories</a>
      </p>
    </div>
  );
}
