//! What `gureum doctor` says. Of each finding: what was found, why it matters, what to do.

super::texts! {
    level_ok() { en: "ok", ko: "정상" }
    level_note() { en: "note", ko: "참고" }
    level_warning() { en: "warning", ko: "주의" }
    level_problem() { en: "problem", ko: "문제" }
    why() { en: "why:", ko: "이유:" }
    fix() { en: "fix:", ko: "해결:" }

    server_runs(endpoint, pid) {
        en: "a server runs at {endpoint} (process {pid})",
        ko: "{endpoint}에서 서버가 실행 중입니다 (프로세스 {pid})",
    }
    server_silent(endpoint) {
        en: "no server answers at {endpoint}",
        ko: "{endpoint}에서 응답하는 서버가 없습니다",
    }
    server_silent_fix() { en: "gureum up -d", ko: "gureum up -d (서버 시작)" }
    server_hangs(endpoint) {
        en: "{endpoint} takes connections and does not answer as a gureum",
        ko: "{endpoint}이(가) 연결은 받지만 gureum처럼 응답하지 않습니다",
    }
    server_hangs_why() {
        en: "another program listens there, or a proxy stands between",
        ko: "다른 프로그램이 그 포트를 쓰거나 사이에 프록시가 있습니다",
    }
    server_hangs_fix() {
        en: "unset AWS_ENDPOINT_URL, or give --endpoint",
        ko: "AWS_ENDPOINT_URL을 지우거나 --endpoint를 주십시오",
    }

    port_free(address) { en: "{address} is free", ko: "{address}이(가) 비어 있습니다" }
    port_ours(address) { en: "{address} is our server's", ko: "{address}은(는) 우리 서버가 쓰고 있습니다" }
    port_held(address, name, pid) {
        en: "{address} is held by {name} (process {pid})",
        ko: "{address}을(를) {name}(프로세스 {pid})이(가) 쓰고 있습니다",
    }
    port_held_unknown(address) {
        en: "{address} is held by a process of another user",
        ko: "{address}을(를) 다른 사용자의 프로세스가 쓰고 있습니다",
    }
    port_why() { en: "gureum up cannot listen there", ko: "gureum up이 그 주소에서 들을 수 없습니다" }
    port_fix() {
        en: "stop that process, or: gureum up --port 4567",
        ko: "그 프로세스를 멈추거나: gureum up --port 4567",
    }
    port_refused(address, cause) { en: "{address} cannot be used: {cause}", ko: "{address}을(를) 쓸 수 없습니다: {cause}" }

    settings_wrong(cause) { en: "gureum up would refuse its settings: {cause}", ko: "gureum up이 설정을 거부합니다: {cause}" }
    settings_wrong_fix() {
        en: "correct it; gureum up --show-config shows what is in force",
        ko: "고치십시오. 적용되는 값은 gureum up --show-config로 봅니다",
    }

    interpreters(list) { en: "on the PATH: {list}", ko: "PATH에 있음: {list}" }
    runtimes_ready(list) { en: "functions run with {list}", ko: "실행할 수 있는 런타임: {list}" }
    runtimes_none() {
        en: "no Node.js or Python function can run yet",
        ko: "아직 Node.js나 Python 함수를 실행할 수 없습니다",
    }
    runtimes_none_why() {
        en: "runtimes are fetched once, with your own npm and pip: now, or when a function first needs one",
        ko: "런타임은 사용자의 npm과 pip로 한 번 받습니다: 지금 또는 함수가 처음 필요로 할 때",
    }
    runtimes_none_fix() {
        en: "gureum runtime install nodejs20.x python3",
        ko: "gureum runtime install nodejs20.x python3 (설치)",
    }
    runtimes_fetchable(list) { en: "fetched when needed: {list}", ko: "필요할 때 받음: {list}" }
    runtimes_missing(list) { en: "not ready: {list}", ko: "준비되지 않음: {list}" }
    runtimes_missing_fix() {
        en: "gureum runtime list says what each needs",
        ko: "각각 무엇이 필요한지는 gureum runtime list에 있습니다",
    }
    no_node() { en: "there is no node on the PATH", ko: "PATH에 node가 없습니다" }
    no_node_why() {
        en: "Node.js comes with npm, which fetches runtimes",
        ko: "런타임을 받는 npm은 Node.js와 함께 설치됩니다",
    }
    no_node_fix() { en: "install Node.js 18 or newer", ko: "Node.js 18 이상을 설치하십시오" }

    isolated() {
        en: "functions get namespaces of their own",
        ko: "함수마다 자기만의 네임스페이스를 가집니다",
    }
    not_isolated(reason) {
        en: "functions are plain processes of your user: {reason}",
        ko: "함수가 사용자의 보통 프로세스로 실행됩니다: {reason}",
    }
    not_isolated_why() {
        en: "they can read your files, see your processes and use your network: run no code that you do not trust",
        ko: "함수가 파일을 읽고 프로세스를 보고 네트워크를 쓸 수 있습니다: 믿지 않는 코드는 실행하지 마십시오",
    }

    space(path, free) { en: "{path} has {free} GiB free", ko: "{path}에 {free} GiB가 남아 있습니다" }
    space_low_why() {
        en: "a server that cannot write stops, so that nothing acknowledged is lost",
        ko: "쓸 수 없게 된 서버는 응답한 것을 잃지 않도록 멈춥니다",
    }
    space_low_fix() {
        en: "free some space, or choose another folder with --data",
        ko: "공간을 비우거나 --data로 다른 폴더를 고르십시오",
    }
    data_unwritable(path, cause) { en: "nothing can be written to {path}: {cause}", ko: "{path}에 쓸 수 없습니다: {cause}" }
    data_unwritable_fix() {
        en: "make it yours, or choose another folder with --data",
        ko: "폴더의 권한을 얻거나 --data로 다른 폴더를 고르십시오",
    }
    sync_time(path, milliseconds) {
        en: "a write to {path} is safe on disk after {milliseconds} ms",
        ko: "{path}에 쓴 것은 {milliseconds} ms 뒤에 디스크에 안전합니다",
    }
    sync_slow_why() {
        en: "every change waits for the disk once, shared by all that wait at that moment",
        ko: "모든 변경은 디스크를 한 번 기다립니다 (동시에 기다리는 요청끼리 나눕니다)",
    }
    sync_slow_fix() {
        en: "another disk with --data, or --durability relaxed where losing 100 ms is fine",
        ko: "--data로 다른 디스크를 쓰거나, 100 ms를 잃어도 되면 --durability relaxed",
    }
    data_in_memory(path) { en: "{path} is kept in memory (tmpfs)", ko: "{path}은(는) 메모리(tmpfs)에 있습니다" }
    data_in_memory_why() {
        en: "what is stored there is gone after a restart of this machine",
        ko: "컴퓨터를 다시 켜면 저장한 것이 사라집니다",
    }
    data_in_memory_fix() { en: "choose a folder on a disk with --data", ko: "--data로 디스크의 폴더를 고르십시오" }

    clock_ok(now) { en: "the clock says {now}", ko: "시계: {now}" }
    clock_wrong(now) { en: "the clock says {now}, which cannot be", ko: "시계가 {now}(이)라고 합니다. 그럴 수 없습니다" }
    clock_wrong_why() {
        en: "signatures and certificates hold for some minutes around the right time",
        ko: "서명과 인증서는 올바른 시각 앞뒤 몇 분 동안만 유효합니다",
    }
    clock_wrong_fix() { en: "sudo timedatectl set-ntp true", ko: "sudo timedatectl set-ntp true (시계 맞추기)" }
    clock_moved(by) {
        en: "the server's virtual clock is {by} s ahead",
        ko: "서버의 가상 시계가 {by}초 앞서 있습니다",
    }

    name_resolves(name) { en: "to this machine: {name}", ko: "이 컴퓨터를 가리킴: {name}" }
    name_unresolved(name) { en: "not resolved: {name}", ko: "주소를 찾을 수 없음: {name}" }
    name_elsewhere(name, address) { en: "{name} leads to {address}", ko: "{name}이(가) {address}을(를) 가리킵니다" }
    names_why() {
        en: "clients that put a bucket or an API into the host name do not get here by it",
        ko: "버킷이나 API를 호스트 이름에 넣는 클라이언트는 그 이름으로 올 수 없습니다",
    }
    names_fix(name) {
        en: "use http://127.0.0.1:PORT (path style), or add to /etc/hosts: 127.0.0.1 {name}",
        ko: "http://127.0.0.1:PORT(경로 형식)를 쓰거나 /etc/hosts에 추가하십시오: 127.0.0.1 {name}",
    }

    points_here() { en: "AWS clients in this shell come here", ko: "이 셸의 AWS 클라이언트는 이 서버로 옵니다" }
    points_nowhere() {
        en: "AWS clients in this shell find no endpoint and no keys of AWS",
        ko: "이 셸의 AWS 클라이언트에는 엔드포인트도 AWS의 키도 없습니다",
    }
    points_to_aws(what) {
        en: "AWS clients in this shell go to real AWS: {what}",
        ko: "이 셸의 AWS 클라이언트는 진짜 AWS로 갑니다: {what}",
    }
    points_elsewhere(variable, address) {
        en: "{variable} points to {address}",
        ko: "{variable}이(가) {address}을(를) 가리킵니다",
    }
    points_why() {
        en: "a call that is meant for this server would change, and cost, something there",
        ko: "이 서버에 보내려던 호출이 그곳의 것을 바꾸고 비용을 낼 수 있습니다",
    }
    points_fix() {
        en: "eval \"$(gureum env)\", or gureum exec -- COMMAND",
        ko: "eval \"$(gureum env)\" 또는 gureum exec -- COMMAND",
    }
    real_keys(variable) { en: "{variable} is set and looks real", ko: "{variable}이(가) 설정되어 있고 진짜처럼 보입니다" }
    profile_set(name) { en: "AWS_PROFILE is {name}", ko: "AWS_PROFILE이 {name}입니다" }
    profile_file(path) { en: "{path} holds keys of AWS", ko: "{path}에 AWS의 키가 있습니다" }

    proxy_ok() { en: "no proxy stands between", ko: "사이에 프록시가 없습니다" }
    proxy_spared(variable) {
        en: "{variable} is set, and NO_PROXY spares this machine",
        ko: "{variable}이(가) 설정되어 있지만 NO_PROXY가 이 컴퓨터를 제외합니다",
    }
    proxy_between(variable) {
        en: "{variable} sends calls for this machine to a proxy",
        ko: "{variable} 때문에 이 컴퓨터로 가는 호출이 프록시로 갑니다",
    }
    proxy_why() {
        en: "a proxy cannot reach 127.0.0.1 of this machine",
        ko: "프록시는 이 컴퓨터의 127.0.0.1에 닿을 수 없습니다",
    }
    proxy_fix() { en: "export NO_PROXY=127.0.0.1,localhost", ko: "export NO_PROXY=127.0.0.1,localhost (설정)" }

    localstack_honoured(names) { en: "LocalStack's variables in force: {names}", ko: "적용되는 LocalStack 변수: {names}" }
    localstack_ignored(names) { en: "LocalStack's variables that change nothing: {names}", ko: "아무 영향이 없는 LocalStack 변수: {names}" }
    localstack_ignored_why() {
        en: "what they set does not exist here, or is always so",
        ko: "그것이 정하는 것이 여기에 없거나 늘 그러합니다",
    }
    localstack_ignored_fix() {
        en: "unset them; docs/guides/migrating-from-localstack.md says what takes their place",
        ko: "지우십시오. 대신할 것은 docs/guides/migrating-from-localstack.ko.md에 있습니다",
    }
}
