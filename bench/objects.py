"""What it costs to put the objects of a photo into S3 over a link with latency: all at once, and as others do it.

The server is a process of its own, 40 ms away (rig/far_s3.py); clients are made once, each way has its own.
"""

import io
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kootenay.adapters.store.s3 import S3Store, client_options
from rig.prefect_host import CHECKOUT
from rig.processes import Keeper, free_port, port_is_taken

LATENCY_MILLISECONDS = 40
SIZES = (480_000, 230_000, 110_000, 40_000, 12_000)
"""In bytes: what a photo of 12 MP leaves at quality 85, four renditions and one more."""
PHOTOS = 41
WARM_UPS = 3

Photo = Mapping[str, bytes]
Way = Callable[[Photo], None]


def measure_objects(photos: int = PHOTOS) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Return a row a way, in milliseconds a photo (medians), and ratios: what ours takes, and others to ours."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="kootenay-bench-") as folder:
        keeper = Keeper(Path(folder))
        command = [sys.executable, "-m", "rig.far_s3", str(port), str(LATENCY_MILLISECONDS)]
        try:
            keeper.start("far-s3", command, dict(os.environ), CHECKOUT)
            keeper.wait_until("far-s3", lambda: port_is_taken(port), 20)
            costs = _measured(_ways(port), photos)
        finally:
            keeper.stop_all()
    rows: list[dict[str, Any]] = [
        {"way": name, "ms": statistics.median(wall), "cpu_ms": statistics.median(cpu)}
        for name, (wall, cpu) in costs.items()
    ]
    ours, *others = [round(row["ms"], 1) for row in rows]
    names = list(costs)[1:]
    ratios = {"objects_ms_a_photo": ours}
    return rows, ratios | {
        f"objects_{name}_to_ours": round(ms / ours, 2) for name, ms in zip(names, others, strict=True)
    }


def _ways(port: int) -> dict[str, Way]:
    return {"ours": _ours(port), "one_at_a_time": _one_at_a_time(port), "transfer_manager": _transfer_manager(port)}


def _measured(ways: Mapping[str, Way], photos: int) -> dict[str, tuple[list[float], list[float]]]:
    """The ways take turns, so that whatever else the machine does meets them alike."""
    costs: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ways}
    for number in range(WARM_UPS + photos):
        for name, put in ways.items():
            photo = {f"{name}/{number}_{size}.jpg": os.urandom(size) for size in SIZES}
            wall, cpu = time.perf_counter(), time.process_time()
            put(photo)
            if number >= WARM_UPS:
                costs[name][0].append((time.perf_counter() - wall) * 1000)
                costs[name][1].append((time.process_time() - cpu) * 1000)
    return costs


def _ours(port: int) -> Way:
    from botocore.config import Config

    client = _client(port, config=Config(**client_options()))
    return S3Store(lambda: client, "bench", "", "").put_all


def _one_at_a_time(port: int) -> Way:
    """The usual loop, with what makes an object safe."""
    client = _client(port)

    def put(photo: Photo) -> None:
        for key, content in photo.items():
            facts = {"ContentType": "image/jpeg", "ChecksumAlgorithm": "SHA256", "IfNoneMatch": "*"}
            client.put_object(Bucket="bench", Key=key, Body=content, **facts)

    return put


def _transfer_manager(port: int) -> Way:
    """boto3's own threads, ten of them; it knows no condition."""
    from boto3.s3.transfer import TransferConfig, create_transfer_manager

    manager = create_transfer_manager(_client(port), TransferConfig())

    def put(photo: Photo) -> None:
        facts = {"ContentType": "image/jpeg", "ChecksumAlgorithm": "SHA256"}
        for future in [manager.upload(io.BytesIO(each), "bench", key, facts) for key, each in photo.items()]:
            future.result()

    return put


def _client(port: int, **options: Any) -> Any:
    import boto3

    names = {"region_name": "us-east-1", "aws_access_key_id": "bench", "aws_secret_access_key": "bench"}
    return boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", **names, **options)


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Return the rows as lines of a table."""
    lines = [f"  {'five objects, ' + str(LATENCY_MILLISECONDS) + ' ms away':<34}{'ms':>8}{'CPU ms':>8}"]
    return lines + [f"  {row['way'].replace('_', ' '):<34}{row['ms']:>8.1f}{row['cpu_ms']:>8.1f}" for row in rows]


if __name__ == "__main__":
    measured, _ = measure_objects()
    sys.stdout.write("\n".join(table(measured)) + "\n")
