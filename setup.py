"""Package metadata, read by pip and by ROS 2's colcon alike.

Dependencies are not named here: requirements.txt has them for pip, package.xml for a native ROS 2.
"""

from pathlib import Path

from setuptools import find_packages, setup

PACKAGES = ("shield", "controllers", "skills", "sim", "verification", "gatehouse")
SHARE = "share/gatehouse"


def data_files() -> list[tuple[str, list[str]]]:
    """The index marker, the package description, and the launch files with profiles and sites."""
    launch = [
        (f"{SHARE}/{folder}", sorted(str(file) for file in Path(folder).glob("*.yaml")))
        for folder in ("launch", "launch/profiles", "launch/sites")
    ]
    marker = ("share/ament_index/resource_index/packages", ["gatehouse/resource/gatehouse"])
    return [marker, (SHARE, ["package.xml"]), *launch]


setup(
    name="gatehouse",
    version="0.1.0",
    description="A control stack for warehouse robots in which nothing moves unless the gate certified it",
    python_requires=">=3.11",
    packages=find_packages(include=[pattern for name in PACKAGES for pattern in (name, f"{name}.*")]),
    package_data={
        "gatehouse": ["templates/*"],
        "sim": ["scenarios/*.yaml"],
        "skills": ["library/**/*"],
    },
    data_files=data_files(),
    entry_points={"console_scripts": ["gatehouse = gatehouse.cli:main"]},
    zip_safe=False,
)
