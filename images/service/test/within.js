// Waits for something, with a deadline that says what did not happen.
export async function within(ms, what, action) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No ${what} within ${ms} ms.`)), ms);
  });
  try {
    return await Promise.race([action(), late]);
  } finally {
    clearTimeout(timer);
  }
}

// Waits until something holds.
export async function until(what, holds, ms = 10000) {
  const deadline = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > deadline) {
      throw new Error(`No ${what} within ${ms} ms.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
