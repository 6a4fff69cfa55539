//! What `exec`, `env` and `run` say about leading clients to the server.

super::texts! {
    did_not_stop(seconds) { en: "it did not stop within {seconds} s", ko: "{seconds}초 안에 멈추지 않았습니다" }
    server_logged() { en: "the server logged", ko: "서버의 로그" }
    beyond_the_command(all, start) {
        en: "{all} ms beyond the command, {start} of them before it",
        ko: "명령 외에 {all} ms, 그중 명령 전에 {start} ms",
    }
    the_last(count) { en: ", the last {count}", ko: ", 마지막 {count}개" }
    one_invocation_failed() { en: "1 invocation failed", ko: "호출 1건이 실패했습니다" }
    invocations_failed(count) { en: "{count} invocations failed", ko: "호출 {count}건이 실패했습니다" }
    one_request_failed() { en: "1 request was answered with a 5xx", ko: "요청 1건에 5xx로 응답했습니다" }
    requests_failed(count) { en: "{count} requests were answered with a 5xx", ko: "요청 {count}건에 5xx로 응답했습니다" }
    no_command() { en: "there is no command", ko: "실행할 명령이 없습니다" }
    give_command() { en: "give one: gureum exec -- npm test", ko: "명령을 주십시오: gureum exec -- npm test" }
    not_on_this_machine(endpoint) {
        en: "{endpoint} is not on this machine: clients that do not know AWS_ENDPOINT_URL are not pointed there",
        ko: "{endpoint}은(는) 이 컴퓨터에 없습니다: AWS_ENDPOINT_URL을 모르는 클라이언트는 그곳으로 가지 않습니다",
    }
    state_elsewhere(endpoint, folder) {
        en: "the server at {endpoint} keeps its state elsewhere than in {folder} (XDG_STATE_HOME): clients that do not know AWS_ENDPOINT_URL are not pointed there",
        ko: "{endpoint}의 서버는 상태를 {folder}(XDG_STATE_HOME)가 아닌 곳에 둡니다: AWS_ENDPOINT_URL을 모르는 클라이언트는 그곳으로 가지 않습니다",
    }
    left_out(entry) {
        en: "NO_PROXY: {entry} is left out for this command, AWS's names lead to the server",
        ko: "NO_PROXY: 이 명령에서는 {entry}을(를) 뺍니다. AWS의 이름은 서버로 갑니다",
    }
    no_such_proxy(variable, address) {
        en: "{variable}: the server cannot lead through {address}, only through http:// proxies: AWS's names work, other hosts will not",
        ko: "{variable}: 서버는 {address}을(를) 거칠 수 없고 http:// 프록시만 거칠 수 있습니다: AWS의 이름은 되지만 다른 호스트는 안 됩니다",
    }
    no_roots() {
        en: "this system's root certificates were not found: only clients of AWS trust this server by themselves",
        ko: "이 시스템의 루트 인증서를 찾지 못했습니다: AWS의 클라이언트만 이 서버를 스스로 믿습니다",
    }
    must_not_be_set(name) {
        en: "{name} is set, and must not be where these variables are used",
        ko: "{name}이(가) 설정되어 있습니다. 이 변수들을 쓰는 곳에서는 지워야 합니다",
    }
    profile_written(config, credentials) {
        en: "the profile gureum is in {config} and {credentials}\nuse it with: aws --profile gureum lambda list-functions",
        ko: "프로필 gureum을 {config}와(과) {credentials}에 썼습니다\n이렇게 씁니다: aws --profile gureum lambda list-functions",
    }
}
