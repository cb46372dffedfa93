"""Another CMake project finds and uses the installed library."""

import shutil
import subprocess

import pytest

from conftest import BINARY, ROOT

CMAKE = """
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
find_package(cubemill 0.1 CONFIG REQUIRED)
add_executable(consumer main.cpp)
target_link_libraries(consumer PRIVATE cubemill::cubemill)
"""
MAIN = """
#include "cubemill/io/demo_archive.hpp"
#include <iostream>
int main(int, char** argv) {
  cubemill::DemoOptions options;
  options.scenes = 1;
  options.size = 64;
  std::cout << cubemill::make_demo_archive(argv[1], options).scenes << "\\n";
}
"""


@pytest.mark.skipif(shutil.which("cmake") is None, reason="needs cmake")
def test_the_installed_package_serves_another_project(tmp_path):
    build = ROOT / "build" / "release"
    if not BINARY.is_relative_to(build):
        pytest.skip("the installed package is tested from the release build")
    prefix, project = tmp_path / "prefix", tmp_path / "project"
    project.mkdir()
    (project / "CMakeLists.txt").write_text(CMAKE)
    (project / "main.cpp").write_text(MAIN)

    def call(*command):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    call("cmake", "--install", build, "--prefix", prefix)
    call("cmake", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    call("cmake", "--build", project / "build")
    assert call(project / "build" / "consumer", tmp_path / "archive") == "1\n"
    assert "cubemill" in call(prefix / "bin" / "cubemill", "info")
    assert (prefix / "share" / "cubemill" / "products" / "landsat_c2_l2.json").is_file()
