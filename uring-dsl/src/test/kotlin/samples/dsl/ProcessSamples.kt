package samples.dsl

import dev.uring.dsl.UringScope
import dev.uring.dsl.runProcess
import dev.uring.dsl.signals
import dev.uring.dsl.spawn
import dev.uring.dsl.uring
import dev.uring.dsl.watch
import dev.uring.file.FileEventKind
import dev.uring.process.Command
import dev.uring.process.Signal
import dev.uring.process.Stdio
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlin.time.Duration.Companion.seconds

suspend fun reloadOnHangUp(reload: suspend () -> Unit) =
    uring {
        launch(start = CoroutineStart.UNDISPATCHED) { signals(Signal.HUP).collect { reload() } }
        tcp("127.0.0.1:7000") { conn -> conn.forEachView { conn.write(it) } }
    }

suspend fun reloadOnChange(
    directory: String,
    reload: suspend (name: String) -> Unit,
) {
    reload("")
    watch(directory).collect { event ->
        when (event.kind()) {
            FileEventKind.WRITTEN, FileEventKind.MOVED_TO -> reload(event.name())
            FileEventKind.OVERFLOWED -> reload("")
            else -> Unit
        }
    }
}

suspend fun UringScope.sortedLines(lines: List<String>): List<String> =
    spawn(Command.of("sort").environment("LC_ALL", "C").stdin(Stdio.PIPE)) { child ->
        // At the same time: it writes while it is written to, as far as it knows.
        launch {
            lines.forEach { child.stdin.send("$it\n") }
            child.stdin.close()
        }
        child.stdout.lines().toList()
    }

suspend fun UringScope.askGit(directory: String): String {
    val result = runProcess(Command.of("git", "rev-parse", "HEAD").directory(directory), timeout = 5.seconds)
    check(result.status.isSuccess) { "git ended with ${result.status}" }
    return result.text.trim()
}
