package dev.uring.memcache

import dev.uring.memcache.codec.Transcoder
import dev.uring.memcache.pool.memcachePool
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.emptyFlow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.io.Buffer
import kotlinx.io.readByteArray
import java.io.File
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds

/** Values that go in pieces, against the real server. */
class LargeValueKernelTest :
    FunSpec({
        needsMemcached()

        val server = lazy { RealMemcached("-I", "8m", "-m", "128") }
        val real by server
        afterSpec { if (server.isInitialized()) real.close() }

        test("a value of megabytes goes in pieces of any size, and comes back in any way of reading") {
            val seed = System.nanoTime()
            withClue({ "seed=$seed" }) {
                withClient(real) { client ->
                    val random = Random(seed)
                    for (size in listOf(1, 100, 65_536, (7 shl 20) + 123)) {
                        client.setStream("k$size", size, pattern(size, random), 100.seconds, clientFlags = -size)
                        val read = ByteArray(size)
                        client.getStream("k$size") { value ->
                            value!!.sizeBytes shouldBe size
                            value.clientFlags shouldBe -size
                            val buffer = ByteArray(10_000)
                            var at = 0
                            while (true) {
                                val count = value.read(buffer, 3, random.nextInt(1, 9_000))
                                if (count < 0) break
                                buffer.copyInto(read, at, 3, 3 + count)
                                at += count
                                value.leftBytes shouldBe size - at
                            }
                            at shouldBe size
                        }
                        isPattern(read) shouldBe true
                        var borrowed = 0
                        client.getStream("k$size") { value ->
                            while (value!!.receive { borrowed += it.size() }) continue
                        }
                        borrowed shouldBe size
                        isPattern(client.getStream("k$size").toList().joined()) shouldBe true
                        client.getStream("k$size") { it!!.pieces().toList() }.joined().size shouldBe size
                        client.metaGet("k$size") { ttl = true }!!.ttlSeconds!! shouldBeGreaterThan 80
                        client.withTranscoder(Transcoder.BYTES).gets("k$size")!!.let {
                            isPattern(it.value) shouldBe true
                            it.clientFlags shouldBe -size
                            client.getStream("k$size") { value -> value!!.cas } shouldBe it.cas
                        }
                    }
                    eventually({ "nothing is in flight" }) { client.snapshot().inFlight == 0L }
                }
            }
        }

        test("a value that is not there is null or has no pieces, and an empty one is none of these") {
            withClient(real) { client ->
                client.getStream("none") { it } shouldBe null
                client.getStream("none").toList() shouldBe emptyList()
                client.setStream("empty", 0, emptyFlow())
                client.getStream("empty") { it!!.sizeBytes to it.read(ByteArray(1)) } shouldBe (0 to -1)
                client.getStream("empty") { it!!.receive { error("nothing to lend") } } shouldBe false
                client.get("empty") shouldBe ""
                client.setStream("source", 6, Buffer().apply { write("source".toByteArray()) })
                client.get("source") shouldBe "source"
            }
        }

        test("coroutines of any dispatcher and of all workers read and write, while others use the shared connection") {
            withClient(real, workers = 2) { client ->
                val isDone = CompletableDeferred<Unit>()
                val others =
                    launch {
                        var n = 0
                        while (!isDone.isCompleted) {
                            client.set("other", "${++n}")
                            client.get("other") shouldBe "$n"
                        }
                    }
                List(8) { n ->
                    launch(if (n % 2 == 0) Dispatchers.Default else coroutineContext) {
                        repeat(3) {
                            client.setStream("d$n", 1_000_000, pattern(1_000_000, Random(n)))
                            isPattern(client.getStream("d$n").toList().joined()) shouldBe true
                        }
                    }
                }.forEach { it.join() }
                isDone.complete(Unit)
                others.join()
            }
        }

        test("a value is copied from one server to another without being there whole") {
            RealMemcached("-I", "8m").use { other ->
                val address = other.address
                withClient(real) { client ->
                    memcache(address).use { to ->
                        client.setStream("copy", 5 shl 20, pattern(5 shl 20, Random(1)))
                        client.getStream("copy") { value ->
                            to.setStream("copy", value!!.sizeBytes, value.pieces(), clientFlags = value.clientFlags)
                        }
                        isPattern(to.getStream("copy").toList().joined()) shouldBe true
                    }
                }
            }
        }

        test("pieces that are too many or too few store nothing, and the old value stays") {
            withClient(real) { client ->
                client.set("size", "old")
                shouldThrow<IllegalArgumentException> {
                    client.setStream("size", 10, flowOf(ByteArray(4), ByteArray(5)))
                }.message shouldBe
                    "the pieces of 'size' have only 9 bytes, and sizeBytes=10 was promised: nothing was stored.\n" +
                    "  The server is told the size before the first piece; say how many bytes will come."
                shouldThrow<IllegalArgumentException> {
                    client.setStream("size", 10, flowOf(ByteArray(10), ByteArray(1)))
                }.message shouldContain "have more bytes, and sizeBytes=10"
                shouldThrow<IllegalArgumentException> { client.setStream("size", -1, emptyFlow()) }
                client.get("size") shouldBe "old"
            }
        }

        test("who fails or is cancelled in the middle stores nothing, and reads no further") {
            withClient(real) { client ->
                client.set("half", "old")
                shouldThrow<IllegalStateException> {
                    client.setStream(
                        "half",
                        100,
                        flow {
                            emit(ByteArray(50))
                            error("no more")
                        },
                    )
                }.message shouldBe "no more"
                val isUnderWay = CompletableDeferred<Unit>()
                val writer =
                    launch {
                        client.setStream(
                            "half",
                            100,
                            flow {
                                emit(ByteArray(50))
                                isUnderWay.complete(Unit)
                                awaitCancellation()
                            },
                        )
                    }
                isUnderWay.await()
                writer.cancelAndJoin()
                client.get("half") shouldBe "old"

                client.setStream("read", 4 shl 20, pattern(4 shl 20, Random(2)))
                shouldThrow<IllegalStateException> { client.getStream("read") { error("mine") } }.message shouldBe
                    "mine"
                shouldThrow<IllegalStateException> {
                    client.getStream("read") { it!!.receive { error("in a loan") } }
                }.message shouldBe "in a loan"
                client.getStream("read") { it!!.read(ByteArray(10)) } shouldBe 10
                val isReading = CompletableDeferred<Unit>()
                val reader =
                    launch {
                        client.getStream("read").collect {
                            isReading.complete(Unit)
                            awaitCancellation()
                        }
                    }
                isReading.await()
                reader.cancelAndJoin()
                isPattern(client.getStream("read").toList().joined()) shouldBe true
            }
        }

        test("a value that the server does not take is a typed error, and the old value is gone") {
            RealMemcached("-I", "1m").use { small ->
                withClient(small) { client ->
                    client.set("large", "old")
                    shouldThrow<ItemTooLargeException> {
                        client.setStream("large", 9 shl 20, pattern(9 shl 20, Random(4)))
                    }
                    client.get("large") shouldBe null
                    client.snapshot().errorReplies shouldBe 1
                }
            }
        }

        test("a server that is killed in the middle fails the value, and serves others when it is back") {
            RealMemcached("-I", "8m").use { own ->
                withClient(own) { client ->
                    client.setStream("k", 7 shl 20, pattern(7 shl 20, Random(3)))
                    shouldThrow<MemcacheConnectionException> {
                        client.getStream("k") { value ->
                            value!!.read(ByteArray(10))
                            own.restart()
                            while (value.read(ByteArray(65_536)) >= 0) continue
                        }
                    }.wasSent shouldBe true
                    shouldThrow<MemcacheConnectionException> {
                        client.setStream(
                            "k",
                            7 shl 20,
                            flow {
                                emit(ByteArray(1 shl 20))
                                own.restart()
                                while (true) {
                                    emit(ByteArray(10))
                                    delay(1)
                                }
                            },
                        )
                    }.wasSent shouldBe true
                    client.getStream("k") { it } shouldBe null
                }
            }
        }

        test("a server that says nothing is waited for no longer than was said") {
            RealMemcached("-I", "8m").use { own ->
                // Before the server is stopped commands must succeed within it.
                withClient(own, configure = { copy(commandTimeout = 1.seconds) }) { client ->
                    client.set("k", "v")
                    own.signal("STOP")
                    shouldThrow<MemcacheTimeoutException> { client.getStream("k") { it } }.message shouldContain
                        "GETS: no reply within 1s, it was sent to "
                    shouldThrow<MemcacheTimeoutException> { client.setStream("k", 1, flowOf(ByteArray(1))) }
                    val large = flow { while (true) emit(ByteArray(65_536)) }
                    shouldThrow<MemcacheTimeoutException> { client.setStream("k", 1 shl 30, large) }
                    own.signal("CONT")
                    eventually({ "it answers" }) { runCatching { client.get("k") }.isSuccess }
                }
            }
        }

        test("user and password are said on the connection of a value, too") {
            val users = File.createTempFile("uring-memcached", ".users").apply { writeText("me:secret\n") }
            RealMemcached("-Y", users.path, isTcp = true).use { own ->
                withClient(own, configure = { copy(username = "me", password = "secret") }) { client ->
                    client.setStream("k", 5, flowOf("piece".toByteArray()))
                    client
                        .getStream("k")
                        .toList()
                        .joined()
                        .decodeToString() shouldBe "piece"
                }
                withUring {
                    MemcacheClient(runtime, MemcacheConfig(own.address, "me", "wrong")).use { client ->
                        shouldThrow<MemcacheClientErrorException> { client.getStream("k") { it } }.message shouldContain
                            "authentication: the server answers: CLIENT_ERROR authentication failure"
                    }
                }
            }
            users.delete()
        }

        test("in a pool a value goes to the server that its key belongs to") {
            RealMemcached(isTcp = true).use { one ->
                RealMemcached(isTcp = true).use { two ->
                    withUring {
                        memcachePool(one.address, two.address).use { pool ->
                            repeat(20) { pool.setStream("p$it", 5, flowOf("p$it".padEnd(5).toByteArray())) }
                            repeat(20) {
                                pool.get("p$it") shouldBe "p$it".padEnd(5)
                                pool
                                    .getStream("p$it")
                                    .toList()
                                    .joined()
                                    .decodeToString() shouldBe "p$it".padEnd(5)
                                val node = pool.split(listOf("p$it")).keys.single()
                                node.getStream("p$it") { it!!.sizeBytes } shouldBe 5
                            }
                            pool.servers().map { it.stats().getValue("curr_items").toInt() }.sum() shouldBe 20
                        }
                    }
                }
            }
        }

        test("Java reads and writes piece by piece, as its stages complete") {
            withClient(real) { client ->
                MemcacheAsyncClient(client).use { java ->
                    val pieces = ArrayDeque(List(10) { ByteArray(1000) { n -> n.toByte() } })
                    withContext(Dispatchers.IO) {
                        java.blocking(
                            java.setStream(
                                "java",
                                10_000,
                                { CompletableFuture.completedFuture(pieces.removeFirstOrNull()) },
                            ),
                        )
                        val got = mutableListOf<ByteArray>()
                        val sink = { piece: ByteArray ->
                            CompletableFuture.runAsync { got += piece } as CompletionStage<*>
                        }
                        java.blocking(java.getStream("java", sink)) shouldBe true
                        got.joined().toList() shouldBe List(10_000) { (it % 1000).toByte() }
                        java.blocking(java.getStream("java:none", sink)) shouldBe false
                    }
                }
            }
        }

        test("a client that is closed takes no more values, and wrong keys and addresses are refused before") {
            withClient(real) { client ->
                shouldThrow<IllegalArgumentException> { client.getStream("a b") { it } }
                shouldThrow<IllegalArgumentException> { client.setStream("", 1, emptyFlow()) }
                client.close()
                shouldThrow<MemcacheConnectionException> { client.getStream("k") { it } }.message shouldBe
                    "a value in pieces: the client is closed"
            }
            withUring {
                MemcacheClient(runtime, MemcacheConfig("127.0.0.1:1")).use { client ->
                    val refused = shouldThrow<MemcacheConnectionException> { client.getStream("k") { it } }
                    refused.wasSent shouldBe false
                    refused.message shouldContain "a value in pieces: no connection to 127.0.0.1:1: "
                    eventually({ "it is counted" }) { client.snapshot().connectFailures == 1L }
                }
            }
        }
    })

private fun List<ByteArray>.joined(): ByteArray {
    val all = Buffer()
    for (piece in this) all.write(piece)
    return all.readByteArray()
}

private fun patternAt(index: Int): Byte = (index * 31 + (index ushr 8)).toByte()

internal fun isPattern(bytes: ByteArray): Boolean = bytes.indices.all { bytes[it] == patternAt(it) }

/** [size] bytes that tell where they belong, in pieces of random sizes. */
internal fun pattern(
    size: Int,
    random: Random,
): Flow<ByteArray> =
    flow {
        var at = 0
        while (at < size) {
            val from = at
            val count = random.nextInt(1, 300_000).coerceAtMost(size - from)
            emit(ByteArray(count) { patternAt(from + it) })
            at += count
        }
    }
