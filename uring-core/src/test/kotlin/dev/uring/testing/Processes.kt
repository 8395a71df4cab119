package dev.uring.testing

import java.net.ServerSocket
import java.net.Socket
import java.nio.file.Files
import java.nio.file.Path

private val descriptors = Path.of("/proc/self/fd")

/** What the process has open, by descriptor: sockets, rings, event descriptors; not the files of class loading. */
internal fun kernelObjects(): Map<Int, String> =
    Files
        .list(descriptors)
        .use { entries -> entries.toList() }
        .mapNotNull { entry ->
            val target = runCatching { Files.readSymbolicLink(entry).toString() }.getOrNull()
            target?.takeIf { it.startsWith("socket:") || it.startsWith("anon_inode:") }?.let {
                entry.fileName.toString().toInt() to
                    it
            }
        }.toMap()

/** Names of the live worker threads. */
internal fun workerThreads(): List<String> =
    Thread
        .getAllStackTraces()
        .keys
        .map { it.name }
        .filter { it.startsWith("uring-worker-") }

// The JDK's sockets keep one descriptor for themselves from their first use on.
private val jdkSockets by lazy { ServerSocket(0).use { Socket(it.inetAddress, it.localPort).close() } }

/** Runs [block] and fails when it leaves a descriptor or a worker thread behind. */
internal fun <T> leavesNothingBehind(block: () -> T): T {
    jdkSockets
    val before = kernelObjects()
    val result = block()
    await({ "descriptors left: ${kernelObjects() - before.keys}" }) { (kernelObjects() - before.keys).isEmpty() }
    await({ "threads left: ${workerThreads()}" }) { workerThreads().isEmpty() }
    return result
}
