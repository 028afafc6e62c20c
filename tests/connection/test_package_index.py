"""Where packages come from: the user's own configuration first."""

import pytest

from blender_addon.connection.package_index import pip_names_an_index, torch_build


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def names_an_index(home, text: str) -> bool:
    (home / "pip.conf").write_text(text)
    return pip_names_an_index({"PIP_CONFIG_FILE": str(home / "pip.conf")})


def test_the_configuration_file_counts(home):
    assert names_an_index(home, "[global]\nindex-url = https://mirror.example/simple\n")
    assert names_an_index(home, "[install]\nfind-links = /opt/wheels\n")


@pytest.mark.parametrize("name", ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"])
def test_the_environment_counts(name):
    assert pip_names_an_index({"PIP_CONFIG_FILE": "/dev/null", name: "https://mirror.example"})


def test_other_options_do_not():
    assert not pip_names_an_index({"PIP_CONFIG_FILE": "/dev/null", "PIP_CERT": "/etc/cert.pem"})


def test_a_machine_without_nvidia_is_spared_cuda():
    assert torch_build("linux", False).index.endswith("/cpu")
    assert "whl/cu" in torch_build("win32", True).index
    assert torch_build("linux", True).disk_gib > torch_build("linux", False).disk_gib
    assert torch_build("darwin", True) == torch_build("darwin", False)
