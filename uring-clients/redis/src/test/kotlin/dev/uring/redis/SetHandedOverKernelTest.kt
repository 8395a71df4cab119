package dev.uring.redis

import dev.uring.dsl.UringScope
import dev.uring.dsl.readOwned
import dev.uring.dsl.uring
import dev.uring.net.SendGuard
import dev.uring.redis.commands.Expiry
import dev.uring.redis.commands.freePort
import dev.uring.redis.commands.get
import dev.uring.redis.commands.pttl
import dev.uring.worker.Worker
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds

/** Values that are handed over: sent from where they lie, and given back once whatever happens. */
class SetHandedOverKernelTest :
    FunSpec({
        needsRedis()

        val server = lazy { RealRedis(isTcp = true) }
        val redis by server
        afterSpec { if (server.isInitialized()) redis.close() }

        test("values of every size arrive, with their expiry, and each memory is given back once") {
            withClient(redis) { client ->
                val sizes = listOf(0, 1, 100, THRESHOLD - 1, THRESHOLD, 100_000, 5 shl 20)
                for (size in sizes) {
                    val value = Tagged(size)
                    client.setHandedOver("size:$size", value, if (size == 100) Expiry.After(100.seconds) else null)
                    client.getView("size:$size") { value.isSame(it!!.toByteArray()) } shouldBe true
                    value.isGivenBackOnce()
                }
                client.pttl("size:100").toString() shouldContain "s"
                client.getView("size:100") { it!!.size() } shouldBe 100
            }
        }

        test("a large value is read where it lies until the server takes it, a small one is copied at once") {
            RealRedis().use { own ->
                withClient(own) { client ->
                    client.cmd("PING")
                    own.signal("STOP")
                    val large = Tagged(16 shl 20)
                    val small = Tagged(THRESHOLD - 1)
                    val first = launch { client.setHandedOver("large", large) }
                    val second = launch { client.setHandedOver("small", small) }
                    // Behind what fills the socket: so nobody has read the last byte of either from the connection yet.
                    eventually({ "the small one is copied when its turn comes" }) {
                        yield()
                        client.snapshot().inFlight == 1L
                    }
                    large.memory.set(BYTE, (16L shl 20) - 1, 77)
                    large.releases.get() shouldBe 0
                    own.signal("CONT")
                    listOf(first, second).joinAll()
                    client.getView("large") { it!!.get((16 shl 20) - 1) } shouldBe 77.toByte()
                    client.getView("small") { small.isSame(it!!.toByteArray()) } shouldBe true
                    large.isGivenBackOnce()
                    small.isGivenBackOnce()
                }
            }
        }

        test("whoever is cancelled, too late or refused has the memory back once, sent or not") {
            RealRedis().use { own ->
                withClient(own, configure = { copy(commandTimeout = 3.seconds) }) { client ->
                    val patient = redis(own.url)
                    client.cmd("PING")
                    own.signal("STOP")
                    val sent = Tagged(8 shl 20)
                    val waiting = Tagged(8 shl 20)
                    val late = Tagged(8 shl 20)
                    val jobs = listOf(sent, waiting).map { launch { runCatching { client.setHandedOver("gone", it) } } }
                    eventually(
                        { "one is on its way" },
                    ) { client.snapshot().run { inFlight == 1L && this.waiting == 1L } }
                    jobs.asReversed().forEach { it.cancelAndJoin() }
                    waiting.isGivenBackOnce()
                    shouldThrow<RedisTimeoutException> { client.setHandedOver("gone", late) }
                    late.isGivenBackOnce()
                    // The kernel has some of it, and the server has to get the rest.
                    sent.releases.get() shouldBe 0
                    own.signal("CONT")
                    sent.isGivenBackOnce()
                    eventually({ "it is there" }) { patient.cmd("STRLEN", "gone") == 8L shl 20 }
                    patient.getView("gone") { sent.isSame(it!!.toByteArray()) } shouldBe true

                    patient.cmd("CONFIG", "SET", "maxmemory", "1")
                    val refused = Tagged(1 shl 20)
                    shouldThrow<RedisException> { patient.setHandedOver("k", refused) }.code shouldBe "OOM"
                    refused.isGivenBackOnce()
                    patient.closeAndWait()
                    val closed = Tagged(1 shl 20)
                    shouldThrow<RedisConnectionException> { patient.setHandedOver("k", closed) }.wasSent shouldBe false
                    closed.isGivenBackOnce()
                }
            }
        }

        test("a connection that is lost in the middle of a value gives it back, and it is never sent again") {
            RealRedis().use { own ->
                withClient(own, configure = { copy(replay = ReplayRule.AT_LEAST_ONCE) }) { client ->
                    client.cmd("PING")
                    own.signal("STOP")
                    val value = Tagged(8 shl 20)
                    val failure = CopyOnWriteArrayList<Throwable>()
                    val job = launch { runCatching { client.setHandedOver("k", value) }.onFailure(failure::add) }
                    eventually({ "it is on its way" }) { client.snapshot().inFlight == 1L }
                    own.restart()
                    job.join()
                    (failure.single() as RedisConnectionException).wasSent shouldBe true
                    value.isGivenBackOnce()
                    client.get("k") shouldBe null
                }
            }
        }

        test(
            "in a storm of cancellations every memory comes back once, and every value that was acknowledged is there",
        ) {
            val seed = System.getProperty("uring.fuzz.seed")?.toLong() ?: System.nanoTime()
            withClue("-During.fuzz.seed=$seed") {
                withClient(redis, workers = 2) { client ->
                    val random = Random(seed)
                    val values = CopyOnWriteArrayList<Tagged>()
                    val done = CopyOnWriteArrayList<Pair<String, Tagged>>()
                    val jobs =
                        List(400) { n ->
                            val size = if (n % 3 == 0) random.nextInt(THRESHOLD) else random.nextInt(THRESHOLD, 60_000)
                            val isElsewhere = n % 5 == 0
                            launch(if (isElsewhere) Dispatchers.IO else coroutineContext) {
                                val value = Tagged(size).also(values::add)
                                client.setHandedOver("storm:$n", value)
                                done += "storm:$n" to value
                            }.also { if (n % 8 == 7) yield() }
                        }
                    jobs.filter { random.nextInt(3) == 0 }.forEach { it.cancel() }
                    jobs.joinAll()
                    done.size shouldBeGreaterThan 0
                    for ((key, value) in done) {
                        client.getView(key) { value.isSame(it!!.toByteArray()) } shouldBe true
                    }
                    values.forEach { it.isGivenBackOnce() }
                    eventually({ "no block is held" }) { heldBlocks() == 0 }
                }
            }
        }

        test("bytes that were received go on to the server, and a lease's, and both are handed over in any case") {
            withClient(redis) { client ->
                val text = "x".repeat(50_000)
                client.cmd("SET", "source", text)
                for (size in listOf(100, 50_000)) {
                    val received =
                        connect(redis.url) { raw ->
                            raw.write("*4\r\n$8\r\nGETRANGE\r\n$6\r\nsource\r\n$1\r\n0\r\n".toByteArray())
                            val last = "${size - 1}"
                            raw.write("$${last.length}\r\n$last\r\n".toByteArray())
                            raw.flush()
                            raw.readOwned("$$size\r\n".length)!!.close()
                            raw.readOwned(size)!!
                        }
                    client.setHandedOver("copy", received)
                    client.get("copy") shouldBe text.take(size)
                    shouldThrow<IllegalStateException> { received.close() }
                    shouldThrow<IllegalStateException> {
                        client.setHandedOver(
                            "copy",
                            received,
                        )
                    }.message!! shouldContain
                        "handed over already"
                }
                // Taken away behind the client's back while it waits behind another: nobody else is hurt.
                redis(redis.url) { copy(maxInFlight = 1) }.use { narrow ->
                    val taken = checkNotNull(Worker.current()).lease(10_000)
                    taken.putAscii("taken away")
                    val ahead = launch(start = CoroutineStart.UNDISPATCHED) { narrow.cmd("PING") }
                    val mistaken =
                        launch(start = CoroutineStart.UNDISPATCHED) {
                            shouldThrow<IllegalStateException> { narrow.setHandedOver("none", taken) }
                        }
                    taken.close()
                    val behind = launch { narrow.get("copy") shouldBe text }
                    listOf(ahead, mistaken, behind).joinAll()
                }
                val lease = checkNotNull(Worker.current()).lease(10_000)
                repeat(10_000) { lease.putByte('a'.code + it % 26) }
                client.setHandedOver("lease", lease)
                lease.isHeld shouldBe false
                client.getView("lease") { it!!.size() } shouldBe 10_000
                withContext(Dispatchers.IO) {
                    shouldThrow<IllegalStateException> { client.setHandedOver("lease", lease) }.message!! shouldContain
                        "none of the client's"
                }
                client.closeAndWait()
                val unsent = checkNotNull(Worker.current()).lease(10_000)
                shouldThrow<RedisConnectionException> { client.setHandedOver("lease", unsent) }
                unsent.isHeld shouldBe false
                eventually({ "no block is held" }) { heldBlocks() == 0 }
            }
        }

        test("memory that cannot be sent is refused, and stays the caller's") {
            withClient(redis) { client ->
                val releases = AtomicInteger()
                val heap = SendGuard.of(MemorySegment.ofArray(ByteArray(10))) { releases.incrementAndGet() }
                shouldThrow<IllegalArgumentException> { client.setHandedOver("k", heap) }.message!! shouldContain
                    "on the heap"
                val confined =
                    withContext(Dispatchers.IO) {
                        SendGuard.of(Arena.ofConfined().allocate(10)) { releases.incrementAndGet() }
                    }
                shouldThrow<IllegalArgumentException> { client.setHandedOver("k", confined) }.message!! shouldContain
                    "one thread"
                releases.get() shouldBe 0
            }
        }

        test("the kernel is asked not to copy either, if the runtime says so, and over TLS values arrive whole") {
            val port = freePort()
            RealRedis(*RedisCertificates.serverOptions(port), isTcp = true).use { own ->
                runBlocking {
                    uring({ workersCount(1).pinWorkers(false).zeroCopySendBytesMin(16 shl 10) }) {
                        redis("127.0.0.1:${own.port}").use { client ->
                            val value = Tagged(1 shl 20)
                            client.setHandedOver("plain", value)
                            client.getView("plain") { value.isSame(it!!.toByteArray()) } shouldBe true
                            value.isGivenBackOnce()
                            runtime.worker(0).snapshot().zeroCopySends() shouldBeGreaterThan 0
                        }
                        redis("rediss://127.0.0.1:$port") { copy(tls = RedisCertificates.trusting) }.use { client ->
                            for (size in listOf(100, 70_000, 3 shl 20)) {
                                val value = Tagged(size)
                                client.setHandedOver("tls", value)
                                client.getView("tls") { value.isSame(it!!.toByteArray()) } shouldBe true
                                value.isGivenBackOnce()
                            }
                        }
                    }
                }
            }
        }
    })

private const val THRESHOLD = 4 shl 10
private val BYTE = ValueLayout.JAVA_BYTE
private val tags = AtomicInteger()

private fun UringScope.heldBlocks(): Int =
    (0..<runtime.workersCount()).sumOf {
        runtime.worker(it).snapshot().blocksHeld()
    }

private suspend fun RedisClient.closeAndWait() {
    close()
    eventually({ "the client is closed" }) { runCatching { cmd("PING") }.exceptionOrNull() is RedisConnectionException }
}

/** A value like no other one, which counts how often it is given back and is overwritten then. */
private class Tagged(
    size: Int,
) : SendGuard {
    private val bytes = Random(tags.incrementAndGet()).nextBytes(size)
    val releases = AtomicInteger()
    val memory: MemorySegment =
        Arena
            .ofAuto()
            .allocate(maxOf(size.toLong(), 1))
            .asSlice(0, size.toLong())
            .copyFrom(MemorySegment.ofArray(bytes))

    override fun memory(): MemorySegment = memory

    override fun released() {
        releases.incrementAndGet()
        // Its owner's again, who does with it what it likes.
        memory.fill(0x5A)
    }

    fun isSame(other: ByteArray): Boolean = bytes.contentEquals(other)

    suspend fun isGivenBackOnce() {
        eventually({ "a value of ${bytes.size} bytes is given back" }) { releases.get() > 0 }
        releases.get() shouldBe 1
    }
}
