package dev.uring.driver

import dev.uring.abi.Errno
import dev.uring.abi.Fcntl
import dev.uring.ffi.Libc
import dev.uring.socket.SocketOptions
import dev.uring.testing.await
import dev.uring.testing.leavesNothingBehind
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import java.net.UnixDomainSocketAddress
import java.nio.channels.SocketChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.BasicFileAttributes
import java.util.concurrent.Callable
import java.util.concurrent.CyclicBarrier
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import kotlin.io.path.createFile
import kotlin.io.path.deleteExisting
import kotlin.io.path.exists

/** Servers that begin and end at the same path: needs sockets, but no io_uring. */
class UnixSocketFileTest :
    FunSpec({
        val folder = tempdir().toPath()

        test("of servers that start at once over a stale file one listens, and the others are refused") {
            val path = folder.resolve("race")
            val racers = 4
            val barrier = CyclicBarrier(racers)
            leavesNothingBehind {
                Executors.newFixedThreadPool(racers).use { threads ->
                    Libc.close(listen(path))
                    repeat(300) {
                        val racer =
                            Callable {
                                barrier.await(20, TimeUnit.SECONDS)
                                listen(path)
                            }
                        val results = threads.invokeAll(List(racers) { racer }).map { it.get() }
                        results.filter { it < 0 } shouldBe List(racers - 1) { -Errno.EADDRINUSE }
                        // The path leads to the one that listens. Closed, it is stale in the next round.
                        SocketChannel.open(path.address).close()
                        results.filter { it >= 0 }.forEach(Libc::close)
                    }
                }
            }
        }

        test("a server that ends leaves its successor's file, though that has the same number") {
            val path = folder.resolve("successor")
            val first = listen(path)
            val file = UnixSocketFile.boundTo(path.address)
            val (number, madeAt) = path.identity()
            awaitClockAfter(madeAt, folder)
            Libc.close(first)
            // The first successor is as good as any where the file system gives numbers out at once; others need more.
            var second = listen(path)
            for (attempt in 1..20) {
                if (path.identity().first == number) break
                Libc.close(second)
                second = listen(path)
            }
            file.remove()
            path.exists() shouldBe true
            UnixSocketFile.boundTo(path.address).remove()
            path.exists() shouldBe false
            Libc.close(second)
        }

        test("a folder that a stranger keeps locked is used all the same, after a while") {
            val path = folder.resolve("stranger")
            val stranger = Libc.open("$folder", Fcntl.O_RDONLY or Fcntl.O_DIRECTORY)
            Libc.flock(stranger, Fcntl.LOCK_EX) shouldBe 0
            val began = System.nanoTime()
            val socket = listen(path)
            (System.nanoTime() - began) shouldBeGreaterThanOrEqual FolderLock.WAIT_NANOS_MAX
            SocketChannel.open(path.address).close()
            Libc.close(socket) shouldBe 0
            Libc.close(stranger) shouldBe 0
        }

        test("a path in the working directory, and one in a folder that is not there, need no more than others") {
            val name = "uring-test-${ProcessHandle.current().pid()}.sock"
            val socket = listen(Path.of(name))
            Libc.close(socket) shouldBe 0
            Path.of(name).deleteExisting()
            listen(folder.resolve("missing/x")) shouldBe -Errno.ENOENT
        }
    })

private fun listen(path: Path): Int =
    Sockets.openListener(path.address, ListenOptions(16, false, false, SocketOptions.defaults()))

private val Path.address get() = UnixDomainSocketAddress.of(this)

private fun Path.identity(): Pair<Any, Any> =
    Files.readAttributes(this, BasicFileAttributes::class.java).let { it.fileKey() to it.creationTime() }

/** File systems take their times from a clock that moves in steps of a few milliseconds. */
private fun awaitClockAfter(
    time: Any,
    folder: Path,
) = await {
    val probe = folder.resolve("clock").createFile()
    val later = probe.identity().second != time
    probe.deleteExisting()
    later
}
