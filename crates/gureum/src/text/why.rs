//! What `gureum why` says, in the language of whoever asks: the server makes the sentences.
//!
//! A cause is a clause that can stand behind a count ("3 of 3 receives: …") or alone; it ends without a full stop.

super::texts_in! {
    counted(count, all, clause) { en: "{count} of {all} receives: {clause}.", ko: "수신 {all}번 중 {count}번: {clause}." }

    once() { en: "once", ko: "한 번" }
    times(count) { en: "{count} times", ko: "{count}번" }
    one_message() { en: "1 message", ko: "메시지 1개" }
    messages(count) { en: "{count} messages", ko: "메시지 {count}개" }

    // Throttles.
    throttled_invoke(function) {
        en: "Lambda refused to run {function} (429)",
        ko: "Lambda가 {function}의 실행을 거부했습니다 (429)",
    }
    throttled_url(function) {
        en: "Lambda refused to run {function} for its URL (429)",
        ko: "Lambda가 URL로 온 {function}의 실행을 거부했습니다 (429)",
    }
    throttled_event(function, times) {
        en: "An accepted event of {function} could not run, {times}; Lambda tries again for as long as the event may get old",
        ko: "접수된 {function}의 이벤트가 {times} 실행되지 못했습니다. Lambda는 이벤트의 최대 수명까지 다시 시도합니다",
    }
    throttled_mapping(function, times) {
        en: "A batch for {function} was throttled {times}; the mapping tries again until the messages' visibility runs out",
        ko: "{function}에 보낸 배치가 {times} 스로틀되었습니다. 매핑은 메시지의 표시 제한 시간이 끝날 때까지 다시 시도합니다",
    }
    account_full(in_use, limit, who) {
        en: "{in_use} of the {limit} executions that may run at once in this account were in use: {who}",
        ko: "이 계정에서 동시에 실행할 수 있는 {limit}개 중 {in_use}개가 사용 중이었습니다: {who}",
    }
    account_full_by_unknown(limit) {
        en: "All {limit} executions that may run at once in this account were in use",
        ko: "이 계정에서 동시에 실행할 수 있는 {limit}개가 모두 사용 중이었습니다",
    }
    reserved_for_others(reserved, concurrency) {
        en: "{reserved} of the account's {concurrency} are reserved for single functions",
        ko: "계정의 {concurrency}개 중 {reserved}개는 개별 함수에 예약되어 있습니다",
    }
    reserved_full(function, limit, who) {
        en: "All {limit} executions reserved for {function} were in use{who}; the account's limit was not the reason",
        ko: "{function}에 예약된 {limit}개가 모두 사용 중이었습니다{who}. 계정의 한도 때문이 아닙니다",
    }
    reserved_zero(function) {
        en: "{function} has a reserved concurrency of 0, so nothing of it may run",
        ko: "{function}의 예약된 동시성이 0이므로 아무것도 실행할 수 없습니다",
    }
    scaling_rate(function, environments) {
        en: "{function} grew too fast: at most {environments} new execution environments may start in 10 s. Neither the account's nor a reserved limit was reached",
        ko: "{function}이(가) 너무 빨리 늘어났습니다: 10 s 동안 새 실행 환경은 최대 {environments}개입니다. 계정의 한도나 예약된 한도에는 이르지 않았습니다",
    }
    request_rate(function, per_second) {
        en: "{function} got more than {per_second} requests a second. How many ran at once was not the reason",
        ko: "{function}에 초당 {per_second}개보다 많은 요청이 왔습니다. 동시에 실행된 수 때문이 아닙니다",
    }
    holder(running, function) { en: "{running} by {function}", ko: "{function} {running}개" }
    holder_for(running, function, longest) {
        en: "{running} by {function} (the oldest running for {longest})",
        ko: "{function} {running}개 (가장 오래된 것은 {longest}째 실행 중)",
    }
    oldest_running_for(longest) { en: " (the oldest running for {longest})", ko: " (가장 오래된 것은 {longest}째 실행 중)" }
    holders_timed_out(function, timeout) {
        en: "Runs of {function} that held them ended only at its timeout of {timeout}",
        ko: "자리를 차지한 {function}의 실행은 제한 시간({timeout})을 넘겨서야 끝났습니다",
    }

    // How an invocation ended.
    timed_out(function, timeout) {
        en: "{function} was stopped at its timeout of {timeout}",
        ko: "{function}이(가) 제한 시간({timeout})을 넘겨 중단되었습니다",
    }
    failed(function, error) { en: "{function} ended with an error: {error}", ko: "{function}이(가) 오류로 끝났습니다: {error}" }
    failed_alike(function, error) {
        en: "{function} ended with the same error: {error}",
        ko: "{function}이(가) 같은 오류로 끝났습니다: {error}",
    }
    out_of_memory(function, used, memory) {
        en: "{function} ran out of memory and was killed: it used {used} of {memory} MB",
        ko: "{function}이(가) 메모리가 모자라 종료되었습니다: {memory} MB 중 {used} MB를 썼습니다",
    }
    crashed(function, error) {
        en: "the process of {function} ended in the middle of an invocation: {error}",
        ko: "{function}의 프로세스가 호출 도중에 끝났습니다: {error}",
    }
    import_refused(function, runtime, error) {
        en: "the code of {function} could not be loaded by {runtime}, so its handler never ran: {error}",
        ko: "{runtime}이(가) {function}의 코드를 읽지 못해 핸들러가 실행되지 않았습니다: {error}",
    }
    not_started(function, runtime, reason) {
        en: "{function} could not be started, because {runtime} is not ready here: {reason}",
        ko: "{runtime}을(를) 쓸 수 없어 {function}을(를) 시작하지 못했습니다: {reason}",
    }
    gave_back(function) {
        en: "{function} ran and gave the message back (batchItemFailures)",
        ko: "{function}이(가) 실행되었고 메시지를 돌려주었습니다 (batchItemFailures)",
    }
    failed_somehow(function) {
        en: "{function} gave the whole batch back, or could not be called: no run of it is recorded as failed",
        ko: "{function}이(가) 배치를 모두 돌려주었거나 호출되지 못했습니다: 실패로 기록된 실행이 없습니다",
    }
    throttled_away(function, times, waited) {
        en: "{function} never ran: throttled {times} in {waited}, until the message's visibility ran out. That counts as a receive",
        ko: "{function}이(가) 실행되지 않았습니다: 표시 제한 시간이 끝날 때까지 {waited} 동안 {times} 스로틀되었고, 이것도 수신으로 셉니다",
    }
    sqs_has_no_body() {
        en: "The handler read event.body, which SQS does not send: its messages are in event.Records, each with a body. JSON.parse was given undefined",
        ko: "핸들러가 SQS가 보내지 않는 event.body를 읽었습니다. 메시지는 event.Records에 있고 각각 body가 있습니다. JSON.parse가 undefined를 받았습니다",
    }
    sqs_has_no_body_key() {
        en: "The handler read event['body'], which SQS does not send: its messages are in event['Records'], each with a body",
        ko: "핸들러가 SQS가 보내지 않는 event['body']를 읽었습니다. 메시지는 event['Records']에 있고 각각 body가 있습니다",
    }
    brings_sdk_2(runtime) {
        en: "{runtime} brings the AWS SDK for JavaScript v2 (aws-sdk), not v3 (@aws-sdk/…)",
        ko: "{runtime}에는 AWS SDK for JavaScript v2(aws-sdk)가 있고 v3(@aws-sdk/…)는 없습니다",
    }
    brings_sdk_3(runtime) {
        en: "{runtime} brings the AWS SDK for JavaScript v3 (@aws-sdk/…), not v2 (aws-sdk)",
        ko: "{runtime}에는 AWS SDK for JavaScript v3(@aws-sdk/…)가 있고 v2(aws-sdk)는 없습니다",
    }
    answer_refused(function) {
        en: "{function} ran and answered its URL's caller with what is no HTTP response, so the caller got 502",
        ko: "{function}이(가) 실행되었지만 URL 호출자에게 HTTP 응답이 아닌 것을 돌려주어 호출자는 502를 받았습니다",
    }
    event_dropped_by_reservation(function) {
        en: "The accepted event of {function} was given up at once: its reserved concurrency is 0",
        ko: "접수된 {function}의 이벤트를 바로 포기했습니다: 예약된 동시성이 0입니다",
    }
    event_in_a_loop(function) {
        en: "The accepted event of {function} was given up: it would have continued a loop of 16 calls, in which a function is called by what it has sent itself",
        ko: "접수된 {function}의 이벤트를 포기했습니다: 함수가 자기가 보낸 것으로 다시 불리는 고리가 16번 이어졌습니다",
    }
    event_too_old(function, times) {
        en: "The accepted event of {function} was given up after it had run {times}, because it got older than it may (MaximumEventAgeInSeconds)",
        ko: "접수된 {function}의 이벤트를 {times} 실행한 뒤 포기했습니다: 최대 수명(MaximumEventAgeInSeconds)이 지났습니다",
    }
    event_dropped(function, times, condition) {
        en: "The accepted event of {function} was given up after it had run {times} ({condition})",
        ko: "접수된 {function}의 이벤트를 {times} 실행한 뒤 포기했습니다 ({condition})",
    }

    // Messages.
    batch_failed(messages, queue) {
        en: "It was a try of {messages} of {queue}, visible again when the visibility timeout ends",
        ko: "{queue}의 {messages}에 대한 시도였습니다. 표시 제한 시간이 끝나면 메시지가 다시 보입니다",
    }
    batch_given_back(messages, queue) {
        en: "The function gave {messages} of {queue} back to come again (batchItemFailures); the others are deleted",
        ko: "함수가 {queue}의 {messages}를 돌려주었습니다(batchItemFailures). 이 메시지는 다시 오고 나머지는 지워졌습니다",
    }
    batch_dropped(messages, queue) {
        en: "It was a batch of {messages} of {queue}",
        ko: "{queue}의 {messages}로 된 배치였습니다",
    }
    dead_lettered(message, queue, dead, times, most) {
        en: "Message {message} was moved from {queue} to {dead}, because it had been received {times} and was not deleted; {queue} allows {most} (maxReceiveCount)",
        ko: "메시지 {message}이(가) {queue}에서 {dead}(으)로 옮겨졌습니다: {times} 수신되고 지워지지 않았으며 {queue}의 maxReceiveCount는 {most}입니다",
    }
    dead_lettered_at_once(message, queue, dead) {
        en: "Message {message} was moved from {queue} to {dead} after its first receive: the queue's maxReceiveCount is 1, so there was no second try",
        ko: "메시지 {message}이(가) 첫 수신 뒤에 {queue}에서 {dead}(으)로 옮겨졌습니다: 큐의 maxReceiveCount가 1이라 두 번째 시도가 없었습니다",
    }
    received_again(message, queue, times) {
        en: "Message {message} of {queue} was received {times}, because nobody deleted it in time",
        ko: "제때 지워지지 않아 {queue}의 메시지 {message}이(가) {times} 수신되었습니다",
    }
    tried(message, queue, times) {
        en: "Message {message} of {queue} was tried {times} without success so far",
        ko: "{queue}의 메시지 {message}이(가) 지금까지 {times} 시도되었고 성공하지 못했습니다",
    }
    not_deleted() {
        en: "no failure was reported; whoever received it did not delete it before it was visible again",
        ko: "보고된 실패가 없고, 받은 쪽이 다시 보이기 전에 지우지 않았습니다",
    }
    forgotten(count) {
        en: "Nothing is recorded any more of the first {count} of its receives",
        ko: "처음 수신 {count}번은 더 이상 기록에 없습니다",
    }
    hidden_for(hidden, visibility) {
        en: "The receive before the last hid it for {hidden} (the queue's own visibility timeout is {visibility})",
        ko: "바로 앞의 수신은 메시지를 {hidden} 동안 숨겼습니다 (큐의 표시 제한 시간은 {visibility})",
    }
    last_receiver(receiver) { en: "It was received last by {receiver}", ko: "마지막으로 받은 쪽은 {receiver}입니다" }
    overlapped(hidden, function, ran, overlap) {
        en: "It was handled twice at the same time: visible again after {hidden}, it was handed out while {function} was still working on it; that run took {ran}, {overlap} too long",
        ko: "동시에 두 번 처리되었습니다: {hidden} 뒤에 다시 보여 {function}이(가) 아직 처리하는 동안 또 수신되었습니다. 그 실행은 {ran} 걸려 {overlap} 늦었습니다",
    }
    settled_late(late, visibility) {
        en: "It was handled twice: a receiver was done and deleted it {late} after it had been handed out again, so its visibility timeout ({visibility}) was shorter than the work",
        ko: "두 번 처리되었습니다: 다시 수신되고 {late} 뒤에야 앞의 수신자가 끝내고 지웠습니다. 표시 제한 시간({visibility})이 처리 시간보다 짧았습니다",
    }
    of_that_receive() { en: "as that receive set it", ko: "그 수신이 정한 값" }
    deleted_late(message, queue, late) {
        en: "The handle for message {message} of {queue} was no longer its latest: the message had been handed out again {late} before, and stays",
        ko: "{queue}의 메시지 {message}의 핸들은 더 이상 최신이 아닙니다: 메시지가 {late} 전에 다시 수신되었고 그대로 남습니다",
    }

    // Advice.
    raise_account_limit(function) {
        en: "Raise the account's limit (gureum up --account-concurrency N; on AWS a quota increase), reserve concurrency for {function} (PutFunctionConcurrency), or let less run at once: a mapping's MaximumConcurrency, a reservation on the function that fills the account",
        ko: "계정의 한도를 올리거나(gureum up --account-concurrency N, AWS에서는 할당량 증가), {function}에 동시성을 예약하거나(PutFunctionConcurrency), 동시에 실행되는 수를 줄이십시오: 매핑의 MaximumConcurrency, 계정을 채우는 함수의 예약",
    }
    shorten_holder(function) {
        en: "Shorten what {function} waits for, or its timeout: each run holds its place until it ends",
        ko: "{function}이(가) 기다리는 시간이나 제한 시간을 줄이십시오: 실행은 끝날 때까지 자리를 차지합니다",
    }
    answer_properly() {
        en: "Answer an object with statusCode (100 to 599), headers with texts as values, body as a text (in base64 with isBase64Encoded: true), cookies as a list",
        ko: "statusCode(100에서 599), 값이 문자열인 headers, 문자열 body(isBase64Encoded: true이면 base64), 목록 cookies를 가진 객체로 응답하십시오",
    }
    break_loop(function) {
        en: "Let {function} write elsewhere than to what calls it, or allow the loop: aws lambda put-function-recursion-config --function-name {function} --recursive-loop Allow",
        ko: "{function}이(가) 자기를 부르는 곳이 아닌 다른 곳에 쓰게 하거나, 고리를 허용하십시오: aws lambda put-function-recursion-config --function-name {function} --recursive-loop Allow",
    }
    raise_reservation(function) {
        en: "Raise the reserved concurrency of {function} (PutFunctionConcurrency), or remove it so that {function} shares the account's",
        ko: "{function}의 예약된 동시성을 올리거나(PutFunctionConcurrency), 지워서 계정의 것을 함께 쓰게 하십시오",
    }
    lift_zero(function) {
        en: "Remove the reservation or raise it: aws lambda delete-function-concurrency --function-name {function}",
        ko: "예약을 지우거나 올리십시오: aws lambda delete-function-concurrency --function-name {function}",
    }
    ramp_up() {
        en: "Let the load grow more slowly, retry with growing pauses, or keep environments ready (provisioned concurrency)",
        ko: "부하를 더 천천히 늘리거나, 간격을 늘리며 다시 시도하거나, 실행 환경을 미리 준비하십시오(프로비저닝된 동시성)",
    }
    raise_timeout(function) {
        en: "Raise the timeout of {function} above what the work takes (at most 900 s), or find in its log what it waited for",
        ko: "{function}의 제한 시간을 처리에 걸리는 시간보다 길게 하거나(최대 900 s), 로그에서 무엇을 기다렸는지 찾으십시오",
    }
    visibility_follows(visibility, timeout) {
        en: "Keep the queue's visibility timeout at 6 times the function's timeout or more, as AWS advises: {visibility} for a timeout of {timeout}",
        ko: "AWS의 권장대로 큐의 표시 제한 시간을 함수 제한 시간의 6배 이상으로 하십시오: 제한 시간 {timeout}이면 {visibility}",
    }
    visibility_longer() {
        en: "Make the visibility timeout longer than the longest run (with Lambda: 6 times the function's timeout), or extend it while working (ChangeMessageVisibility); and make handling a message twice harmless",
        ko: "표시 제한 시간을 가장 긴 처리보다 길게 하거나(Lambda라면 함수 제한 시간의 6배), 처리하는 동안 늘리십시오(ChangeMessageVisibility). 같은 메시지를 두 번 처리해도 괜찮게 만드십시오",
    }
    more_receives() {
        en: "Raise maxReceiveCount: AWS advises at least 5 for queues that feed functions, so that throttles do not cost a message its tries",
        ko: "maxReceiveCount를 올리십시오: 함수에 연결된 큐라면 AWS는 5 이상을 권합니다. 스로틀로 시도를 잃지 않기 위해서입니다",
    }
    read_records() {
        en: "Go through the records: for (const record of event.Records) {{ const job = JSON.parse(record.body); … }}",
        ko: "레코드를 하나씩 처리하십시오: for (const record of event.Records) {{ const job = JSON.parse(record.body); … }}",
    }
    read_records_in_python() {
        en: "Go through the records: for record in event['Records']: job = json.loads(record['body'])",
        ko: "레코드를 하나씩 처리하십시오: for record in event['Records']: job = json.loads(record['body'])",
    }
    see_log(function, group, stream) {
        en: "Its log: gureum logs {function} ({group}, stream {stream})",
        ko: "로그: gureum logs {function} ({group}, 스트림 {stream})",
    }
    more_memory(function, memory) {
        en: "Give {function} more than {memory} MB (MemorySize), or keep less at once",
        ko: "{function}에 {memory} MB보다 많은 메모리를 주거나(MemorySize) 한 번에 덜 담으십시오",
    }
    bring_sdk_3() {
        en: "Use nodejs18.x or later, or put @aws-sdk/… into the package",
        ko: "nodejs18.x 이상을 쓰거나 @aws-sdk/…를 패키지에 넣으십시오",
    }
    bring_sdk_2() {
        en: "Use the v3 clients (@aws-sdk/client-…), or put aws-sdk into the package",
        ko: "v3 클라이언트(@aws-sdk/client-…)를 쓰거나 aws-sdk를 패키지에 넣으십시오",
    }
    make_it_a_module() {
        en: "Name the file .mjs, or put \"type\": \"module\" into the package's package.json",
        ko: "파일 이름을 .mjs로 하거나 패키지의 package.json에 \"type\": \"module\"을 넣으십시오",
    }
    readable_files() {
        en: "Let everybody read the files before they are put into the package (chmod 644, folders and programs 755): functions run as a user of their own, here as on AWS",
        ko: "패키지에 넣기 전에 누구나 파일을 읽을 수 있게 하십시오(chmod 644, 폴더와 프로그램은 755): AWS처럼 함수는 자기만의 사용자로 실행됩니다",
    }
    check_package(function) {
        en: "Look whether the package of {function} holds the file and the module, and whether Handler names them",
        ko: "{function}의 패키지에 그 파일과 모듈이 있는지, Handler가 그것을 가리키는지 보십시오",
    }
    install_runtime(runtime) {
        en: "gureum runtime install {runtime}, then gureum doctor",
        ko: "gureum runtime install {runtime}, 그다음 gureum doctor",
    }
    move_back(arn) {
        en: "When the cause is mended, move the messages back: aws sqs start-message-move-task --source-arn {arn}",
        ko: "원인을 고친 뒤 메시지를 되돌리십시오: aws sqs start-message-move-task --source-arn {arn}",
    }

    // What the command prints around them.
    about_request(id) { en: "Request {id}", ko: "요청 {id}" }
    about_message(id) { en: "Message {id}", ko: "메시지 {id}" }
    what_to_do() { en: "What to do", ko: "할 일" }
}
