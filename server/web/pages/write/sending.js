// Sends a picture with its progress; a large one is made smaller first, which saves a phone's data.

/**
 * @import { Picture } from "../ui/answers-of-notes.js"
 */

const SIDE_MAX = 2560; // the server keeps 2,048
const BYTES_AS_IT_IS = 3_000_000;
const QUALITY = 0.9;
const SENT_AS_IT_IS = new Set(["image/jpeg", "image/png", "image/webp", "image/avif", "image/gif"]);
const MS_MAX = 180_000;

/**
 * The picture as it is sent. What the browser can't read is sent as it is: the server says why not.
 * @param {File} file
 * @returns {Promise<Blob>}
 */
export async function lightened(file) {
  if (SENT_AS_IT_IS.has(file.type) && file.size <= BYTES_AS_IT_IS) return file;
  try {
    const image = await createImageBitmap(file);
    const canvas = drawn(image, SIDE_MAX);
    image.close();
    const blob = await new Promise((/** @type {(made: Blob | null) => void} */ resolve) => {
      canvas.toBlob(resolve, "image/jpeg", QUALITY);
    });
    return blob && blob.size < Math.max(file.size, BYTES_AS_IT_IS) ? blob : file;
  } catch {
    return file;
  }
}

/**
 * A picture on a canvas, its longer side at most so long.
 * @type {(image: ImageBitmap, sideMax: number) => HTMLCanvasElement}
 */
export function drawn(image, sideMax) {
  const scale = Math.min(1, sideMax / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const pen = canvas.getContext("2d");
  if (pen) {
    pen.fillStyle = "#fff"; // a JPEG has nothing transparent
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  }
  return canvas;
}

/**
 * Send a picture; `fetch` tells nothing of the way up. Rejects as `rest` does.
 * @type {(body: Blob, onProgress: (part: number) => void, signal: AbortSignal) => Promise<Picture>}
 */
export const send = (body, onProgress, signal) => new Promise((resolve, reject) => {
  const request = new XMLHttpRequest();
  /** @type {(code: string, words: string, status?: number) => void} */
  const fail = (code, words, status) => reject(Object.assign(new Error(words), { code, status }));
  request.open("POST", "/v1/pictures");
  request.responseType = "json";
  request.timeout = MS_MAX;
  request.setRequestHeader("Content-Type", body.type || "application/octet-stream");
  request.upload.addEventListener("progress", ({ loaded, total, lengthComputable }) =>
    lengthComputable && onProgress(loaded / total));
  request.addEventListener("load", () => {
    const answer = request.response ?? {};
    if (request.status === 200) resolve(answer);
    else fail(answer.code ?? "", answer.detail ?? `${request.status}`, request.status);
  });
  request.addEventListener("error", () => fail("disconnected", "There was no answer."));
  request.addEventListener("timeout", () => fail("timeout", "There was no answer."));
  signal.addEventListener("abort", () => request.abort());
  request.send(body);
});
