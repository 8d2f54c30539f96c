// How long a line of the log may wait for others, in ms, and how much may wait, in characters.
const WAIT_MS = 100;
const MOST = 16384;

// Each write of a container wakes its shim and then containerd, on the node's account (docs/load.md says how much
// that is). So lines are written together, and at once if one of them is urgent or the process ends.
export function batched(write) {
  let waiting = '';
  let timer;

  function flush() {
    clearTimeout(timer);
    timer = undefined;
    if (waiting) {
      const text = waiting;
      waiting = '';
      write(text);
    }
  }

  process.once('exit', flush);
  return (line, urgent) => {
    waiting += line;
    if (urgent || waiting.length >= MOST) {
      flush();
    } else {
      timer ??= setTimeout(flush, WAIT_MS).unref();
    }
  };
}
