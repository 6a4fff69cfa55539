//! What functions share with this machine. The reasons that a host gives are the runtime's own words, in English.

super::texts! {
    level_none() { en: "none", ko: "없음" }
    level_own_network() {
        en: "namespaces, with a network of their own",
        ko: "네임스페이스, 네트워크도 따로",
    }
    level_host_network() {
        en: "namespaces, with this machine's network",
        ko: "네임스페이스, 네트워크는 이 컴퓨터의 것",
    }
    plain_processes() {
        en: "functions are plain processes of this user: they can read its files and see its processes",
        ko: "함수가 이 사용자의 보통 프로세스입니다: 사용자의 파일을 읽고 프로세스를 볼 수 있습니다",
    }
    plain_network() {
        en: "functions share this machine's network: they can reach the open port and the internet",
        ko: "함수가 이 컴퓨터의 네트워크를 같이 씁니다: 열린 포트와 인터넷에 닿을 수 있습니다",
    }
    plain_why(reasons) {
        en: "why: {reasons} (what to do: gureum doctor)",
        ko: "이유: {reasons} (해결: gureum doctor)",
    }
    host_network() {
        en: "functions share this machine's network (--function-network host): they can reach the open port, and the internet",
        ko: "함수가 이 컴퓨터의 네트워크를 같이 씁니다 (--function-network host): 열린 포트와 인터넷에 닿을 수 있습니다",
    }
    required(reasons, address) {
        en: "functions cannot be isolated on this host ({reasons}), and {address} is not loopback: run `gureum doctor`, or start with --allow-unisolated if you trust everybody who can reach it",
        ko: "이 컴퓨터에서는 함수를 격리할 수 없고 ({reasons}) {address}은(는) 루프백이 아닙니다: `gureum doctor`를 보거나, 그 주소에 닿을 수 있는 모두를 믿는다면 --allow-unisolated로 시작하십시오",
    }
}

/// One line for those who look whether all is well.
pub fn level(is_plain: bool, host_network: bool) -> String {
    match (is_plain, host_network) {
        (true, _) => level_none(),
        (false, false) => level_own_network(),
        (false, true) => level_host_network(),
    }
}

/// Nothing, where there is nothing to say.
pub fn shared(is_plain: bool, host_shared: bool, reasons: &[String]) -> Vec<String> {
    match (is_plain, host_shared) {
        (true, _) => vec![plain_processes(), plain_network(), plain_why(reasons.join("; "))],
        (false, true) => vec![host_network()],
        (false, false) => Vec::new(),
    }
}
