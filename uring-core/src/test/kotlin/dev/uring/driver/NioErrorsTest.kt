package dev.uring.driver

import dev.uring.abi.Errno
import dev.uring.ffi.ErrorTexts
import dev.uring.ffi.NativeMemory
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.io.IOException
import java.net.ConnectException
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.SocketException
import java.net.StandardProtocolFamily
import java.net.UnixDomainSocketAddress
import java.nio.channels.ClosedChannelException
import java.nio.channels.FileChannel
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.file.FileSystemException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption

/** What the JDK throws when [body] runs. */
private fun thrownBy(body: () -> Unit): Throwable = runCatching(body).exceptionOrNull() ?: error("nothing was thrown")

class NioErrorsTest :
    FunSpec({
        test("words that the kernel's number was turned into are turned back") {
            NioErrors.errno(IOException("Too many open files")) shouldBe Errno.EMFILE
            NioErrors.errno(SocketException("Connection reset")) shouldBe Errno.ECONNRESET
            NioErrors.errno(SocketException("Connection reset by peer")) shouldBe Errno.ECONNRESET
            NioErrors.errno(IOException("Broken pipe")) shouldBe Errno.EPIPE
            NioErrors.errno(ConnectException("Connection timed out")) shouldBe Errno.ETIMEDOUT
            NioErrors.errno(FileSystemException("a", null, "No space left on device")) shouldBe Errno.ENOSPC
            NioErrors.errno(ClosedChannelException()) shouldBe Errno.EBADF
            NioErrors.errno(IOException("something else")) shouldBe Errno.EIO
        }

        test("the C library's words are known, whatever the language") {
            if (NativeMemory.isLinux()) {
                val numbers = ErrorTexts.numbers()
                numbers.values.toSet().size shouldBe numbers.size
                for ((text, number) in numbers) NioErrors.errno(IOException(text)) shouldBe number
            }
        }

        test("what the JDK throws for real calls is the number that the kernel gave") {
            val taken = ServerSocket(0)
            val free = ServerSocket(0).use { InetSocketAddress("127.0.0.1", it.localPort) }
            val folder = Files.createTempDirectory("errors")
            taken.use {
                val failures =
                    mapOf(
                        Errno.EADDRINUSE to { ServerSocketChannel.open().use { it.bind(taken.localSocketAddress) } },
                        Errno.ECONNREFUSED to { SocketChannel.open().use { it.connect(free) } },
                        Errno.EADDRNOTAVAIL to
                            { ServerSocketChannel.open().use { it.bind(InetSocketAddress("192.0.2.1", 0)) } },
                        Errno.ENOENT to { FileChannel.open(folder.resolve("absent")) },
                        Errno.EEXIST to { Files.createDirectory(folder) },
                        Errno.EISDIR to { FileChannel.open(folder, StandardOpenOption.WRITE) },
                        Errno.ENOTDIR to { FileChannel.open(Path.of("/dev/null/x")) },
                    )
                for ((number, call) in failures) {
                    val thrown = thrownBy { call() }
                    Errno.name(NioErrors.errno(thrown)) to thrown.toString() shouldBe
                        (Errno.name(number) to thrown.toString())
                }
            }
            val missing =
                thrownBy {
                    SocketChannel.open(StandardProtocolFamily.UNIX).use {
                        it.connect(UnixDomainSocketAddress.of(folder.resolve("socket")))
                    }
                }
            NioErrors.errno(missing) shouldBe Errno.ENOENT
            Files.delete(folder)
        }
    })
