// So many pages are kept; the one that was rendered first goes first.
const PAGES_MAX = 200;

// Renders each path at most once in as many seconds as `secondsFor` says, however many ask for it: a page is the
// same for everybody. With 0 every request gets a rendering of its own.
export function createPageCache({ render, secondsFor }) {
  const kept = new Map();

  async function renderAndKeep(path, context, seconds) {
    const started = performance.now();
    const rendering = render(path, context);
    const entry = { rendering, expires: Infinity };
    kept.delete(path);
    kept.set(path, entry);
    if (kept.size > PAGES_MAX) {
      kept.delete(kept.keys().next().value);
    }
    try {
      const page = await rendering;
      // From when the rendering began: nothing on the page is older.
      entry.expires = page.lasting ? started + seconds * 1000 : 0;
      return page;
    } catch (error) {
      entry.expires = 0;
      throw error;
    }
  }

  return (path, context) => {
    const seconds = secondsFor(path);
    if (seconds === 0) {
      return render(path, context);
    }
    const entry = kept.get(path);
    return entry && performance.now() < entry.expires ? entry.rendering : renderAndKeep(path, context, seconds);
  };
}
