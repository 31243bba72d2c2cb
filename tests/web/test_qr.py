"""The pages' QR codes, read by a reader that knows nothing of them (jsQR)."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from random import Random

import pytest

from server.web.assets import FOLDER

READER = Path(__file__).parents[2] / "node_modules" / "jsqr" / "dist" / "jsQR.js"
SCALE, QUIET = 4, 4
BYTES_MAX = 213
READ = f"""
    const {{ qrCode }} = await import({json.dumps(str(FOLDER / "ui" / "qr.js"))});
    const read = (await import({json.dumps(str(READER))})).default;
    const seen = texts.map((text) => {{
        const rows = qrCode(text);
        const size = (rows.length + 2 * {QUIET}) * {SCALE};
        const pixels = new Uint8ClampedArray(4 * size * size).fill(255);
        rows.forEach((row, y) => row.forEach((isDark, x) => {{
            for (let dy = 0; isDark && dy < {SCALE}; dy += 1)
                for (let dx = 0; dx < {SCALE}; dx += 1) {{
                    const [px, py] = [(x + {QUIET}) * {SCALE} + dx, (y + {QUIET}) * {SCALE} + dy];
                    pixels.fill(0, 4 * (py * size + px), 4 * (py * size + px) + 3);
                }}
        }}));
        const said = (read.default ?? read)(pixels, size, size)?.data ?? null;
        return {{ size: rows.length, said }};
    }});
    let refused = "";
    try {{ qrCode("x".repeat({BYTES_MAX + 1})); }} catch (error) {{ refused = error.name; }}
    console.log(JSON.stringify({{ seen, refused }}));
"""


def test_a_reader_reads_every_length_of_text_that_a_code_takes() -> None:
    node = shutil.which("node")
    if node is None or not READER.is_file():
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs node and what package.json names.")
        pytest.skip("node or jsQR is not installed: make setup")
    chance = Random(18004)
    texts = [
        "https://live.example/watch/demo?from=share:小满",
        *("".join(chance.choices("abc/?&=:.-019XYZ%", k=n)) for n in range(1, BYTES_MAX + 1)),
    ]
    program = f"const texts = {json.dumps(texts)};{READ}"
    done = subprocess.run(
        [node, "--input-type=module", "--experimental-default-type=module", "-e", program],
        capture_output=True,
        check=True,
        timeout=120,
    )
    answer = json.loads(done.stdout)
    said = [seen["said"] for seen in answer["seen"]]
    assert said == texts
    assert {seen["size"] for seen in answer["seen"]} == set(range(21, 58, 4))
    assert answer["refused"] == "RangeError"
