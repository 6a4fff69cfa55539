//! What commands say when they have done their work.

super::texts! {
    ready() { en: "ready", ko: "준비되었습니다" }
    accepted() { en: "accepted", ko: "접수되었습니다" }
    stopped(pid) { en: "stopped process {pid}", ko: "프로세스 {pid}을(를) 멈췄습니다" }
    nothing_runs() { en: "no server is running", ko: "실행 중인 서버가 없습니다" }
    forgotten() { en: "everything is forgotten", ko: "모두 지웠습니다" }
    deleted(name) { en: "deleted {name}", ko: "{name}을(를) 지웠습니다" }
    access_key_id() { en: "access key id", ko: "액세스 키 ID" }
    secret_access_key() { en: "secret access key", ko: "비밀 액세스 키" }
    shown_once() { en: "The secret is not shown again.", ko: "비밀 키는 다시 보여 주지 않습니다." }
    time_is(now) { en: "due times now follow {now}", ko: "이제 예정 시각은 {now}을(를) 따릅니다" }
    heading(version, pid) { en: "gureum {version}, process {pid}", ko: "gureum {version}, 프로세스 {pid}" }
    endpoint() { en: "Endpoint", ko: "엔드포인트" }
    data() { en: "Data", ko: "데이터" }
    access() { en: "Access", ko: "접근" }
    access_of(access, account) { en: "{access}, account {account}", ko: "{access}, 계정 {account}" }
    functions() { en: "Functions", ko: "함수" }
    queues() { en: "Queues", ko: "큐" }
    queues_hold(count, available, in_flight, delayed) {
        en: "{count} ({available} available, {in_flight} in flight, {delayed} delayed)",
        ko: "{count} (대기 {available}, 처리 중 {in_flight}, 지연 {delayed})",
    }
    no_queues() { en: "there are no queues", ko: "큐가 없습니다" }
    queue() { en: "Queue", ko: "큐" }
    available() { en: "available", ko: "대기" }
    in_flight() { en: "in flight", ko: "처리 중" }
    delayed() { en: "delayed", ko: "지연" }
    dead_letters_to() { en: "dead letters to", ko: "데드 레터 큐" }
    consumers() { en: "consumers", ko: "소비자" }
    after_tries(queue, tries) { en: "{queue} (tries: {tries})", ko: "{queue} (시도 {tries}번)" }
    holds(queue, available, in_flight, delayed) {
        en: "{queue}: {available} available, {in_flight} in flight, {delayed} delayed",
        ko: "{queue}: 대기 {available}, 처리 중 {in_flight}, 지연 {delayed}",
    }
    in_flight_until(time) { en: "in flight until {time}", ko: "{time}까지 처리 중" }
    delayed_until(time) { en: "delayed until {time}", ko: "{time}까지 지연" }
    received_times(count) { en: "received {count}×", ko: "수신 {count}회" }
    and_more() { en: "… and more; -n shows more of them", ko: "… 더 있습니다. -n으로 더 볼 수 있습니다" }
    in_group(group) { en: "group {group}", ko: "그룹 {group}" }
    sent(id) { en: "sent {id}", ko: "{id}을(를) 보냈습니다" }
    purged(queue) { en: "{queue} is purged", ko: "{queue}을(를) 비웠습니다" }
    moved(count) { en: "messages moved: {count}", ko: "메시지 {count}개를 옮겼습니다" }
    move_cancelled(count) {
        en: "cancelled; messages moved: {count}",
        ko: "메시지 {count}개를 옮긴 뒤 취소했습니다",
    }
    environments() { en: "Environments", ko: "실행 환경" }
    isolation() { en: "Isolation", ko: "격리" }
    not_isolated() { en: "Not isolated", ko: "격리 안 됨" }
    runtime_there(name) { en: "{name} is there", ko: "{name}이(가) 이미 있습니다" }
    runtime_installed(name) { en: "{name} is installed", ko: "{name}을(를) 설치했습니다" }
    runtime_removed(name) { en: "{name} is removed", ko: "{name}을(를) 지웠습니다" }
    runtime_was_not_there(name) { en: "{name} was not installed", ko: "{name}은(는) 설치되어 있지 않았습니다" }
    runtime_brought() { en: "your package brings its bootstrap", ko: "패키지가 bootstrap을 가지고 옵니다" }
    runtime_fetchable() {
        en: "fetched when a function first needs it, or by gureum runtime install",
        ko: "함수가 처음 필요로 할 때 또는 gureum runtime install로 받습니다",
    }
}
