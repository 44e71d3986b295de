// SPDX-License-Identifier: GPL-2.0-or-later
//! `cargo xtask screenshots`: the pictures of docs/wireshark.md, of the real Wireshark
//! on a display of its own.

use crate::{exit::UnavailableError, paths, run, wait::wait_for};
use anyhow::{Context, Result};
use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// What draws, and what is installed to have it.
const PROGRAMS: &[&str] = &["wireshark", "Xvfb", "openbox", "xdotool", "import"];
const INSTALL: &str = "apt-get install --no-install-recommends -y \
    wireshark xvfb openbox xdotool imagemagick fonts-dejavu-core";

/// A picture: its name, the sample, a filter for the packet that is selected, a display filter.
const PICTURES: &[(&str, &str, &str, &str)] = &[
    ("conversation", "nl_user-show", "nl_util.netdev", "nl_util"),
    (
        "error",
        "nl_user-show-99",
        "nlmsg.error < 0",
        "nl_util || nlmsg.error < 0",
    ),
    ("process", "team", "nlcap.comm", "nlcap.comm == \"teamnl\""),
];

/// Width and height of the display; the window fills it.
const SIZE: (u32, u32) = (1100, 640);

/// A program that ends with its task.
struct ProgramGuard(Child);

impl Drop for ProgramGuard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(cmd: &mut Command) -> Result<ProgramGuard> {
    let name = cmd.get_program().to_string_lossy().into_owned();
    cmd.stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok(ProgramGuard(
        cmd.spawn().with_context(|| format!("cannot run {name}"))?,
    ))
}

/// `cargo xtask screenshots`.
pub(crate) fn task() -> Result<()> {
    for program in PROGRAMS {
        let found = Command::new("which")
            .arg(program)
            .stdout(Stdio::null())
            .status();
        if !found.is_ok_and(|it| it.success()) {
            return Err(UnavailableError(format!("{program} is missing; run: {INSTALL}")).into());
        }
    }
    let home = tempfile::tempdir().context("cannot create a directory")?;
    let xtask = paths::own()?;
    run::check(
        Command::new(xtask)
            .args(["dissector", "--install"])
            .env("HOME", home.path())
            .env(
                "XDG_CACHE_HOME",
                paths::cache()?.parent().context("no cache")?,
            )
            .env_remove("XDG_CONFIG_HOME"),
    )?;
    let profile = home.path().join(".config/wireshark/profiles/nl-util");
    fs::write(
        home.path().join(".config/wireshark/recent_common"),
        "privs.warn_if_elevated: FALSE\n",
    )
    .and_then(|()| fs::write(profile.join("recent"), recent()))
    .context("cannot write Wireshark's settings")?;

    // The X server chooses a free display and says which.
    let (width, height) = SIZE;
    let number = home.path().join("display");
    let fd = fs::File::create(&number).context("cannot create a file")?;
    let mut server = Command::new("Xvfb");
    server
        .args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0"])
        .arg(format!("{width}x{height}x24"))
        .stdin(Stdio::null())
        .stdout(fd)
        .stderr(Stdio::null());
    let _server = ProgramGuard(server.spawn().context("cannot run Xvfb")?);
    let display = wait_for("Xvfb does not start", || {
        let text = fs::read_to_string(&number).unwrap_or_default();
        Ok((!text.trim().is_empty()).then(|| format!(":{}", text.trim())))
    })?;
    let on = |program: &str| {
        let mut cmd = Command::new(program);
        cmd.env("DISPLAY", &display).env("HOME", home.path());
        cmd.env_remove("XDG_CONFIG_HOME")
            .env_remove("WAYLAND_DISPLAY");
        cmd
    };
    let _manager = start(&mut on("openbox"))?;
    let dir = paths::root().join("docs/img");
    fs::create_dir_all(&dir).context("cannot create docs/img")?;
    for (name, sample, packet, filter) in PICTURES {
        let file = paths::root().join(format!("captures/samples/{sample}.pcapng"));
        take(
            &on,
            &file,
            packet,
            filter,
            &dir.join(format!("wireshark-{name}.png")),
        )?;
    }
    Ok(())
}

fn recent() -> String {
    let (width, height) = SIZE;
    format!(
        "gui.geometry_main_width: {width}\ngui.geometry_main_height: {height}\n\
         gui.geometry_main_maximized: TRUE\ngui.toolbar_main_show: FALSE\n\
         gui.packet_list_show: TRUE\ngui.byte_view_show: FALSE\n"
    )
}

fn take(
    on: &dyn Fn(&str) -> Command,
    file: &Path,
    packet: &str,
    filter: &str,
    picture: &Path,
) -> Result<()> {
    let _wireshark = start(
        on("wireshark")
            .args(["-n", "-C", "nl-util", "-Y", filter, "-J", packet])
            .args(["-o", "gui.layout_type:1"])
            .args(["-o", "gui.packet_list_show_related:TRUE"])
            .args(["-o", "gui.layout_content_3:NONE", "-r"])
            .arg(file),
    )?;
    let title = file.file_name().unwrap_or_default();
    wait_for("nothing appeared on the display", || {
        let found = on("xdotool").args(["search", "--name"]).arg(title).output();
        let found = found.is_ok_and(|it| it.status.success() && !it.stdout.is_empty());
        Ok(found.then_some(()))
    })?;
    thread::sleep(Duration::from_secs(3));
    // The first line of the details takes the focus, all is opened, and the end of it
    // shown: what is known of the message.
    let (width, height) = SIZE;
    let place = [(width / 2).to_string(), (height * 56 / 100).to_string()];
    run::check(on("xdotool").args(["mousemove", &place[0], &place[1], "click", "1"]))?;
    for key in ["ctrl+Right", "End"] {
        thread::sleep(Duration::from_secs(1));
        run::check(on("xdotool").args(["key", key]))?;
    }
    thread::sleep(Duration::from_secs(2));
    run::check(
        on("import")
            .args(["-window", "root", "+dither", "-colors", "32", "-depth", "8"])
            .arg(format!("PNG8:{}", picture.display())),
    )?;
    println!("{}", picture.display());
    Ok(())
}
