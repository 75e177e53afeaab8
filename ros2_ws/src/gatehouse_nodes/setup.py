"""Package metadata, read by pip and by ROS 2's colcon alike; dependencies are in package.xml."""

from setuptools import setup

NAME = "gatehouse_nodes"
EXECUTABLES = ("autonomy", "safety", "supervisor", "drive", "recorder", "sim")

setup(
    name=NAME,
    version="0.1.0",
    description="The processes of the Gatehouse control stack as lifecycle nodes",
    python_requires=">=3.11",
    packages=[NAME],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    entry_points={"console_scripts": [f"{name} = {NAME}.{name}:main" for name in EXECUTABLES]},
    zip_safe=False,
)
