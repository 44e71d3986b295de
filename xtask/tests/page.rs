// SPDX-License-Identifier: GPL-2.0-or-later
//! The report as a page, in a real browser: of samples, and of a machine whose
//! interfaces, commands and aliases have names that a page must not obey.

#[path = "../src/browser.rs"]
#[allow(dead_code, reason = "the task uses the rest")]
mod browser;
mod common;

use browser::Browser;
use common::{guest, root, text};
use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Pixels of a desk's window, and of a telephone's.
const WIDTHS: [u32; 2] = [1280, 400];

/// All that is shown as a figure: where it stands in the JSON, its value, its text.
const FIGURES: &str = "[...document.querySelectorAll('data')]
    .map(it => [it.dataset.json, it.value, it.textContent])";

/// What sticks out of the window, unless it is in something that can be moved.
const WIDE: &str = "[...document.querySelectorAll('body *')]
    .filter(it => !it.closest('.scroll') && !it.closest('svg'))
    .filter(it => it.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(it => it.outerHTML.slice(0, 80))";

/// Texts of pictures that stick out of them.
const CUT: &str = "[...document.querySelectorAll('svg text')].filter(it => {
    const [text, svg] = [it.getBoundingClientRect(), it.closest('svg').getBoundingClientRect()];
    return text.left < svg.left - 1 || text.right > svg.right + 1;
}).map(it => it.textContent)";

/// The samples that a report is made of here, as page and as JSON.
fn report(dir: &Path, files: &[PathBuf]) -> (PathBuf, Value) {
    let (page, json) = (dir.join("report.html"), dir.join("report.json"));
    let target = Path::new(env!("CARGO_BIN_EXE_xtask"))
        .parent()
        .unwrap()
        .parent()
        .unwrap();
    let out = Command::new(target.join("release/nlcap"))
        .args(["report", "-o"])
        .arg(&page)
        .arg("-o")
        .arg(&json)
        .args(files)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    (
        page,
        serde_json::from_slice(&fs::read(json).unwrap()).unwrap(),
    )
}

/// Opens the page in all windows, and checks what must hold of any report.
fn check(page: &Path, json: &Value) -> Browser {
    let mut browser = Browser::start().unwrap();
    for (width, dark) in [(WIDTHS[0], false), (WIDTHS[1], true)] {
        browser.open(page, width, dark).unwrap();
        let figures = browser.evaluate(FIGURES).unwrap();
        let figures = figures.as_array().unwrap();
        assert!(figures.len() > 50, "{} figures", figures.len());
        for figure in figures {
            let [pointer, value, shown] = [0, 1, 2].map(|at| figure[at].as_str().unwrap());
            let kept = json
                .pointer(pointer)
                .unwrap_or_else(|| panic!("{pointer} is not in the JSON"));
            let value: Value = serde_json::from_str(value).unwrap();
            assert_eq!(*kept, value, "{pointer}");
            // Times and ratios are rounded; counts and lengths are not.
            if let Some(whole) = kept.as_u64().filter(|_| !shown.contains('s')) {
                let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
                assert_eq!(digits, whole.to_string(), "{pointer}: {shown}");
            }
        }
        assert_eq!(
            browser.evaluate(WIDE).unwrap(),
            Value::Array(vec![]),
            "at {width}"
        );
        assert_eq!(
            browser.evaluate(CUT).unwrap(),
            Value::Array(vec![]),
            "at {width}"
        );
        let names = "[...document.querySelectorAll('svg:not([aria-hidden])')].every(it =>
            it.getAttribute('aria-labelledby').split(' ').every(id => document.getElementById(id).textContent))";
        assert_eq!(
            browser.evaluate(names).unwrap(),
            true,
            "a picture says nothing"
        );
        let fetched: Vec<_> = (browser.events.iter())
            .filter(|it| it["method"] == "Network.requestWillBeSent")
            .map(|it| it["params"]["request"]["url"].as_str().unwrap())
            .collect();
        assert_eq!(fetched, [format!("file://{}", page.display())]);
        let said = [
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
            "Log.entryAdded",
        ];
        let said: Vec<_> = (browser.events.iter())
            .filter(|it| said.iter().any(|method| it["method"] == *method))
            .collect();
        assert!(said.is_empty(), "{said:?}");
        // For people to look at.
        if let Some(dir) = env::var_os("NL_UTIL_PICTURES") {
            let name = std::thread::current().name().unwrap_or("page").to_owned();
            let file = Path::new(&dir).join(format!("{name}-{width}.png"));
            fs::write(file, browser.picture(None).unwrap()).unwrap();
        }
    }
    browser
}

#[test]
fn the_figures_of_the_page_are_those_of_the_json() {
    let dir = tempfile::tempdir().unwrap();
    let sample = |name: &str| root().join(format!("captures/samples/{name}.pcapng"));
    let files = [
        "nl_user-show",
        "ip-link-show",
        "nl_user-show-99",
        "genl-ctrl-list",
    ]
    .map(sample);
    let (page, json) = report(dir.path(), &files);
    let mut browser = check(&page, &json);
    // What is wrong is seen: a figure that is another one would be found.
    let style = "getComputedStyle(document.querySelector('article')).borderTopWidth";
    assert_eq!(
        browser.evaluate(style).unwrap(),
        "4px",
        "the policy refused the style"
    );
}

#[test]
fn nothing_that_a_name_carries_runs() {
    let dir = tempfile::tempdir().unwrap();
    let script = "ip link add '<script>x' type dummy
        ip link add '<img>&quot;' type dummy
        ip link set dummy0 alias '\"><img src=x onerror=document.title=1><script>document.title=1</script>'
        ln -s \"$(command -v ip)\" \"$DIR/<b onload=a>\"
        PATH=\"$DIR:$PATH\"
        nlcap record -w $DIR/a.pcapng -- nl_user show >/dev/null
        nlcap record -w $DIR/b.pcapng -- '<b onload=a>' link show >/dev/null
        ip link set '<script>x' mtu 1400
        nlcap record -w $DIR/c.pcapng -- ip link show '</script><script>document.title=1</script>' || :
        nlcap record -w $DIR/d.pcapng -- ip link show >/dev/null";
    let out = guest()
        .args(["--", "sh", "-euc", script])
        .env("DIR", dir.path())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let files = ["a", "b", "c", "d"].map(|name| dir.path().join(format!("{name}.pcapng")));
    let (page, json) = report(dir.path(), &files);
    let mut browser = check(&page, &json);
    let elements = "[...document.querySelectorAll('script, img, iframe, object, b, link, [onload], [onerror]')]
        .map(it => it.outerHTML)";
    assert_eq!(browser.evaluate(elements).unwrap(), Value::Array(vec![]));
    let shown = browser.evaluate("document.body.textContent").unwrap();
    let shown = shown.as_str().unwrap();
    for name in [
        "<script>x",
        "<img>&quot;",
        "<b onload=a>",
        "<script>document.title=1</script>",
    ] {
        assert!(shown.contains(name), "{name} is not shown");
    }
    // Whatever else got into the page: the policy in its head stops it, and that is
    // seen here.
    let spoilt = dir.path().join("spoilt.html");
    let text = fs::read_to_string(&page).unwrap();
    let more =
        "<script>document.title='ran'</script><img src='report.json'><style>p{}</style></body>";
    fs::write(&spoilt, text.replace("</body>", more)).unwrap();
    browser.open(&spoilt, WIDTHS[0], false).unwrap();
    assert_ne!(browser.evaluate("document.title").unwrap(), "ran");
    let refused = browser
        .events
        .iter()
        .filter(|it| it["method"] == "Log.entryAdded");
    assert_eq!(refused.count(), 3, "{:?}", browser.events);
    browser.open(&page, WIDTHS[0], false).unwrap();
    // The MTU was another one when the last recording was made.
    let first = browser
        .evaluate("document.querySelector('.finding').textContent")
        .unwrap();
    let expected =
        "1 disagreement: mtu of <script>x is 1500 in nl_user show and 1400 in ip link show.";
    assert_eq!(first, expected);
}
