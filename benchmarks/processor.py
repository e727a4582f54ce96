"""The processor's instructions that matter for speed."""

from pathlib import Path
from typing import List

CPUINFO = Path("/proc/cpuinfo")
#: Linux's names of instructions, with their usual ones, of x86 and ARM processors.
FEATURES = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_bf16": "AVX512-BF16",
    "amx_bf16": "AMX-BF16",
    "asimd": "NEON",
    "bf16": "BF16",
}
#: Those that multiply matrices in bfloat16.
BFLOAT16 = ("AVX512-BF16", "AMX-BF16", "BF16")


def bfloat16_feature() -> str:
    """RETURNS (str): What multiplies matrices in bfloat16 here. Empty if nothing does."""
    return next((name for name in features() if name in BFLOAT16), "")


def features() -> List[str]:
    """RETURNS (List[str]): The names of its instructions. Empty where the system is not Linux."""
    lines = CPUINFO.read_text(encoding="utf8").splitlines() if CPUINFO.exists() else []
    flags = next((x for x in lines if x.split(":")[0].strip() in ("flags", "Features")), "")
    return [name for flag, name in FEATURES.items() if flag in flags.split()]
