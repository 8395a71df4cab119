package dev.uring.dsl

import dev.uring.base.FileException
import dev.uring.base.ForwardException
import dev.uring.file.OpenOptions
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import java.nio.file.Files
import java.nio.file.Path
import kotlin.concurrent.thread
import kotlin.io.path.deleteIfExists
import kotlin.io.path.pathString

private val forWriting = OpenOptions.forWriting().create()

class ForwardToFileKernelTest :
    FunSpec({
        driverTest("forwardTo stores every byte up to the end of input, and returns how many") {
            val seed = newSeed()
            withClue("seed=$seed") {
                withTarget { path ->
                    val bytes = bytesOf(seed, count = (5 shl 20) + 3)
                    val stored = CompletableDeferred<Long>()
                    withServer({ conn ->
                        openFile(path.pathString, forWriting) { stored.complete(conn.forwardTo(it)) }
                        conn.receive { it.size() } shouldBe Connection.END_OF_INPUT
                        conn.send("done")
                    }) { server ->
                        server.connect().use { peer ->
                            thread {
                                peer.send(bytes)
                                peer.finishSending()
                            }
                            peer.receiveTextToEnd() shouldBe "done"
                        }
                    }
                    stored.await() shouldBe bytes.size
                    Files.readAllBytes(path).contentEquals(bytes) shouldBe true
                }
            }
        }

        driverTest("forwardExactly begins with what a block has left, and leaves what follows to the next reader") {
            withTarget { path ->
                withServer({ conn ->
                    conn.receive { 0 }
                    openFile(path.pathString, forWriting) { conn.forwardExactly(it, position = 2, bytes = 4) }
                    conn.receive { view ->
                        conn.write("[${view.toUtf8()}]")
                        view.size()
                    }
                }) { server ->
                    server.connect().use { peer ->
                        peer.send("abcdefg")
                        peer.receiveTextToEnd() shouldBe "[efg]"
                    }
                }
                Files.readString(path) shouldBe "\u0000\u0000abcd"
            }
        }

        driverTest("an end of input before the last byte is an exception, and what came is stored") {
            withTarget { path ->
                val failure = CompletableDeferred<ForwardException>()
                withServer({ conn ->
                    openFile(path.pathString, forWriting) { file ->
                        failure.complete(shouldThrow<ForwardException> { conn.forwardExactly(file, 0, 10) })
                    }
                }) { server ->
                    server.connect().use { peer ->
                        peer.send("abc")
                        peer.finishSending()
                        failure.await().message!! shouldContain "finished before the limit of 10 bytes"
                    }
                }
                Files.readString(path) shouldBe "abc"
            }
        }

        driverTest("a full disk is an exception that names the file, and the connection can still answer") {
            withServer({ conn ->
                openFile("/dev/full", OpenOptions.forWriting()) { file ->
                    val failure = shouldThrow<FileException> { conn.forwardExactly(file, 0, 4) }
                    conn.send("${failure.errno()} ${failure.path()}")
                }
            }) { server ->
                server.connect().use { peer ->
                    peer.send("data")
                    peer.receiveTextToEnd() shouldBe "28 /dev/full"
                }
            }
        }

        driverTest("cancelled, it leaves the rest to the next reader, and the file can be closed") {
            withTarget { path ->
                withServer({ conn ->
                    openFile(path.pathString, forWriting) { file ->
                        coroutineScope {
                            val storing = launch(start = CoroutineStart.UNDISPATCHED) { conn.forwardTo(file) }
                            // Queued behind the forwarding's beginning; the peer has been told to go on by then.
                            conn.send("?")
                            while (file.size() < 3) kotlinx.coroutines.yield()
                            storing.cancelAndJoin()
                        }
                    }
                    conn.send("!")
                    conn.receive { view ->
                        conn.write(view)
                        view.size()
                    }
                }) { server ->
                    server.connect().use { peer ->
                        peer.receiveText(1) shouldBe "?"
                        peer.send("abc")
                        peer.receiveText(1) shouldBe "!"
                        peer.send("def")
                        peer.receiveTextToEnd() shouldBe "def"
                    }
                }
                Files.readString(path) shouldBe "abc"
            }
        }
    })

private suspend fun withTarget(body: suspend (Path) -> Unit) {
    val path = Files.createTempFile("forwarded", "")
    try {
        body(path)
    } finally {
        path.deleteIfExists()
    }
}
