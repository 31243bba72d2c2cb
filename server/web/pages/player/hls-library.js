// hls.js, which `make setup` fetches from npm and the wheel brings along; see docs/media.md.

/**
 * @returns {Promise<typeof import("../vendor/hls.js")>}
 */
async function load() {
  try {
    return await import("../vendor/hls.js");
  } catch (thrown) {
    throw Object.assign(new Error("hls.js is missing on this server."), { code: "no_hls", cause: thrown });
  }
}

export const Hls = (await load()).default;
