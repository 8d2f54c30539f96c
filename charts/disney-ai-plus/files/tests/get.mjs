// Asks for a URL until it answers with 200, for half a minute: right after an install the address may
// not have reached this node yet.
const url = process.argv.at(-1);
const deadline = Date.now() + 30_000;
for (let reason; ; ) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
    if (answer.status === 200) {
      console.log(`${url} answers with 200`);
      break;
    }
    reason = `it answers with ${answer.status}: ${(await answer.text()).slice(0, 500)}`;
  } catch (error) {
    reason = error.cause?.message ?? error.message;
  }
  if (Date.now() > deadline) {
    console.error(`${url} is not healthy: ${reason}`);
    process.exit(1);
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
