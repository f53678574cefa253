"""What a collection of video costs to detect in: time, machines, money, storage; a table.

    python -m benchmarks.commands.scale --hours 100000 --size 1280x720 [--days 7] ...

The figures of an hour of video are those of docs/scale.md, measured by
benchmarks/video/video_costs.py and benchmarks/commands/ray_cluster.py on one machine: put in your
own. Prices are assumptions; put in yours.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

CPU_SECONDS = {"320x240": 71.0, "1280x720": 205.0, "1920x1080": 424.0}
"""Of decoding and features, for an hour of video."""

HEAD_CPU_SECONDS = 0.4
FEATURE_BYTES = 9.1e6
SCORES_BYTES_PER_CLASS = 45e3
DETECTION_BYTES = 110.0
DRIVER_CPU_SECONDS = 1.6e-3
"""Of the driving process, for each input."""

SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True)
class Collection:
    """Video to work on."""

    hours: float
    hours_per_input: float
    megabits_per_second: float
    detections_per_hour: float
    classes: int

    @property
    def inputs(self) -> float:
        """Files."""
        return self.hours / self.hours_per_input

    @property
    def bytes(self) -> float:
        """Of the videos themselves."""
        return self.hours * 3600 * self.megabits_per_second * 1e6 / 8


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    numbers = {
        "hours": (100_000, "hours of video"),
        "hours-per-input": (1.0, "hours of each video"),
        "megabits": (2.0, "Mbit/s of the videos"),
        "detections": (60.0, "detections in an hour"),
        "classes": (20, "classes of the model"),
        "days": (7.0, "days that it may take"),
        "cores-per-machine": (32, "cores of a machine"),
        "busy": (0.85, "share of the cores' time that is used"),
        "core-hour": (0.04, "price of a core for an hour (an assumption)"),
        "tb-month": (20.0, "price of a terabyte for a month (an assumption)"),
        "cpu-seconds": (0.0, "of an hour of video, measured; 0: the table's of --size"),
    }
    for name, (value, text) in numbers.items():
        parser.add_argument(f"--{name}", type=float, default=value, help=f"{text} [{value:g}]")
    parser.add_argument("--size", choices=CPU_SECONDS, default="1280x720", help="of the pictures")
    given = parser.parse_args()
    collection = Collection(
        given.hours, given.hours_per_input, given.megabits, given.detections, int(given.classes)
    )
    per_hour = (given.cpu_seconds or CPU_SECONDS[given.size]) + HEAD_CPU_SECONDS
    core_hours = given.hours * per_hour / 3600 / given.busy
    cores = core_hours / (given.days * 24)
    machines = -(-cores // given.cores_per_machine)
    network = collection.bytes * 8 / (given.days * SECONDS_PER_DAY)
    features = given.hours * FEATURE_BYTES
    results = given.hours * given.detections * DETECTION_BYTES
    scores = given.hours * SCORES_BYTES_PER_CLASS * (collection.classes + 1)
    driver = collection.inputs * DRIVER_CPU_SECONDS
    rows = {
        "CPU of one hour of video": f"{per_hour:.0f} s",
        "core hours": f"{core_hours:,.0f}",
        f"cores, to be done in {given.days:g} days": f"{cores:,.0f}",
        f"machines of {given.cores_per_machine:g} cores": f"{machines:,.0f}",
        "money for cores": f"{core_hours * given.core_hour:,.0f}",
        "videos read": f"{collection.bytes / 1e12:,.1f} TB",
        "network, on average": f"{network / 1e9:.2f} Gbit/s",
        "cache of features": f"{features / 1e12:.2f} TB",
        "money for that cache, a month": f"{features / 1e12 * given.tb_month:,.0f}",
        "detections (videos/*.json, and once more in detections.json)": f"{results / 1e9:.2f} GB",
        "--scores": f"{scores / 1e12:.2f} TB",
        "driving process": f"{driver / 60:.1f} min of CPU",
    }
    print(f"{given.hours:,.0f} hours at {given.size}, {collection.inputs:,.0f} inputs\n")
    print("| | |\n| --- | --- |")
    for name, value in rows.items():
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
