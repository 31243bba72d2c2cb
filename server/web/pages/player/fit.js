// How a picture is put on its stage: whole, unless next to nothing is lost by filling it.

/** The least part of a picture that is seen if it fills the stage, upright and lying. */
const UPRIGHT_MIN = 0.75;
const LYING_MIN = 0.95;

/**
 * Keep `data-fit` and `data-shape` of `root` right for the picture in it.
 * @param {HTMLElement} root
 * @param {HTMLVideoElement} video
 * @returns {() => void} ends that
 */
export function fit(root, video) {
  const draw = () => {
    const { videoWidth: width, videoHeight: height } = video;
    const stage = root.getBoundingClientRect();
    if (!width || !height || !stage.width || !stage.height) return;
    const ratio = (width / height) / (stage.width / stage.height);
    const seen = Math.min(ratio, 1 / ratio);
    const isUpright = height > width;
    root.dataset.shape = isUpright ? "upright" : "lying";
    root.dataset.fit = seen >= (isUpright ? UPRIGHT_MIN : LYING_MIN) ? "fill" : "whole";
  };
  const watching = new ResizeObserver(draw);
  watching.observe(root);
  video.addEventListener("resize", draw); // a host turns the phone
  return () => watching.disconnect();
}
