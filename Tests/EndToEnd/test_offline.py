"""What the command line tells of a configuration without a daemon: check and flow."""

import json
import os
import pwd
import shutil

import pytest
import world

GOOD = "auth_providers:\n  - type: pam\n    modules: totp\n"
BAD = "auth_providers:\n  - type: pam\n    modlues: totp\nthrottle: {free: 100}\n"


@pytest.fixture(name="place")
def a_configuration(tmp_path):
    """A file as `twostep init` would make it, in a folder that the user twostep may enter."""
    for folder in (tmp_path, *tmp_path.parents):
        if os.stat(folder).st_uid == 0 and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | 0o055)
    path = tmp_path / "config.yaml"

    def write(text, mode=0o640, group="twostep"):
        path.write_text(text, encoding="utf-8")
        shutil.chown(path, "root", group)
        path.chmod(mode)
        return path

    return write


def check(path, *options, **more):
    return world.run("twostep", "check", "--config", path, *options, **more)


def test_a_good_configuration_needs_no_daemon(place):
    done = check(place(GOOD))
    assert (done.returncode, done.stdout, done.stderr) == (0, "The configuration is good.\n", "")


def test_every_problem_is_told_with_its_place(place):
    path = place(BAD)
    done = check(path)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line.split(" problem: ")[0] for line in lines[:-1]] == [f"{path}:3:5:", f"{path}:4:18:"]
    assert "did you mean 'modules'?" in lines[0]
    assert lines[-1] == "configuration: 2 problems"
    told = json.loads(check(path, "--json").stdout)
    assert [(finding["line"], finding["column"]) for finding in told["findings"]] == [(3, 5), (4, 18)]


@pytest.mark.parametrize("mode, group", [(0o600, "twostep"), (0o640, "root")])
def test_what_the_daemon_could_not_read_is_a_problem_for_root_too(place, mode, group):
    path = place(GOOD, mode, group)
    assert path.read_text(encoding="utf-8") == GOOD
    done = check(path)
    assert done.returncode == 1
    assert f"{path}: problem: a file that cannot be opened (Permission denied), expected one that the user twostep" \
        in done.stdout


def test_a_folder_that_the_daemon_may_not_enter_is_a_problem_for_root_too(place):
    path = place(GOOD)
    path.parent.chmod(0o700)
    assert check(path).returncode == 1


def test_a_file_of_the_daemon_itself_is_one_that_it_would_take(place):
    path = place(GOOD)
    shutil.chown(path, "twostep")
    assert check(path).returncode == 0


def test_check_changes_nothing(place):
    path = place(BAD)
    before = path.stat()
    check(path)
    assert path.stat() == before
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["config.yaml"]


@pytest.mark.parametrize("locale, sign", [("C.UTF-8", "┌"), ("C", "+--")])
def test_the_flow_is_drawn_as_the_terminal_can_show_it(place, locale, sign):
    done = world.run("twostep", "flow", "--config", place(GOOD), env=os.environ | {"LC_ALL": locale})
    assert done.returncode == 0, done
    assert sign in done.stdout and "auth_module: totp" in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_the_process_is_root_again_when_it_writes(place, tmp_path):
    # A file that root alone can write to, and that was opened by the shell: what is written is whole.
    target = tmp_path / "flow.svg"
    done = world.run("sh", "-c", f"umask 077; twostep flow --format svg --config {place(GOOD)} >{target}")
    assert done.returncode == 0, done
    assert target.stat().st_uid == pwd.getpwnam("root").pw_uid
    assert target.read_text(encoding="utf-8").endswith("</svg>\n")
