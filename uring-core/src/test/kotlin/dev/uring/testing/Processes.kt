package dev.uring.testing

import java.net.ServerSocket
import java.net.Socket
import java.nio.file.Files
import java.nio.file.Path

private val descriptors = Path.of("/proc/self/fd")

// Sockets, rings and event descriptors. Not the files of class loading, and not the epoll instances that the JDK keeps for
// sockets on virtual threads: this library has none.
private fun isOurs(target: String) =
    target.startsWith("socket:") || target in setOf("anon_inode:[io_uring]", "anon_inode:[eventfd]")

/** The kernel objects of the kinds this library makes that the process has open, by descriptor. */
internal fun kernelObjects(): Map<Int, String> =
    Files
        .list(descriptors)
        .use { entries -> entries.toList() }
        .associate { entry ->
            entry.fileName.toString().toInt() to
                runCatching { Files.readSymbolicLink(entry).toString() }
        }.mapNotNull { (descriptor, target) -> target.getOrNull()?.takeIf(::isOurs)?.let { descriptor to it } }
        .toMap()

/** Names of the live threads that end with a runtime: its workers' and those that wait for descriptors in their place. */
internal fun workerThreads(): List<String> =
    Thread
        .getAllStackTraces()
        .keys
        .map { it.name }
        .filter { it.startsWith("uring-worker-") || it.startsWith("uring-nio-descriptors-") }

// The JDK's sockets keep one descriptor for themselves from their first use on.
private val jdkSockets by lazy { ServerSocket(0).use { Socket(it.inetAddress, it.localPort).close() } }

/** What there is before a test. */
internal fun heldNow(): Map<Int, String> {
    jdkSockets
    return kernelObjects()
}

/** Waits until nothing is left of what [owner] opened since [before], nor a thread of a worker. */
internal fun awaitNothingSince(
    before: Map<Int, String>,
    owner: String = "the test",
) {
    await(
        { "descriptors left by $owner: ${kernelObjects() - before.keys}" },
    ) { (kernelObjects() - before.keys).isEmpty() }
    await({ "threads left by $owner: ${workerThreads()}" }) { workerThreads().isEmpty() }
}

/** Runs [block] and fails when it leaves a descriptor or a worker thread behind. */
public fun <T> leavesNothingBehind(block: () -> T): T {
    val before = heldNow()
    return block().also { awaitNothingSince(before) }
}

/**
 * Stops a process as SIGSTOP does, and returns when it is: `kill` alone returns while threads of it still run, and answer.
 */
public fun stopProcess(pid: Long) {
    check(ProcessBuilder("kill", "-STOP", "$pid").start().waitFor() == 0) { "kill -STOP $pid" }
    await({ "process $pid still runs" }) {
        Path.of("/proc/$pid/task").toFile().listFiles().orEmpty().all { thread ->
            // The state follows the name, which is in parentheses and may hold some itself.
            val stat = runCatching { thread.resolve("stat").readText() }.getOrDefault("")
            stat.substringAfterLast(") ").startsWith('T')
        }
    }
}
