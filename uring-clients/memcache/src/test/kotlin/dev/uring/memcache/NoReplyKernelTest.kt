package dev.uring.memcache

import dev.uring.memcache.pool.memcachePool
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration

/** Commands that nobody hears the answers of. */
class NoReplyKernelTest :
    FunSpec({
        needsMemcached()

        val server = lazy { RealMemcached() }
        val real by server
        afterSpec { if (server.isInitialized()) real.close() }

        test("every command is done, in the order of the calls, without an answer") {
            withClient(real) { client ->
                val quiet = client.noReply
                quiet.flushAll()
                quiet.set("k", "b", 100.seconds)
                quiet.add("k", "other")
                quiet.append("k", "c")
                quiet.prepend("k", "a")
                client.get("k") shouldBe "abc"
                quiet.replace("k", "new")
                client.get("k") shouldBe "new"
                quiet.cas("k", "newer", client.gets("k")!!.cas)
                quiet.cas("k", "never", 1)
                client.get("k") shouldBe "newer"
                quiet.delete("k")
                quiet.delete("k")
                client.get("k") shouldBe null
                quiet.set("n", "5")
                quiet.incr("n", 10)
                quiet.decr("n", 3)
                client.get("n") shouldBe "12"
                quiet.touch("n", 100.seconds)
                client.metaGet("n") { ttl = true }!!.ttlSeconds!! shouldBeGreaterThan 80
                quiet.metaSet("m", "1") { expiresIn = 100.seconds }
                quiet.metaArithmetic("m") { delta = 41 }
                client.get("m") shouldBe "42"
                quiet.metaDelete("m")
                quiet.metaDelete("m")
                client.get("m") shouldBe null
                quiet.flushAll(1000.seconds)
                client.snapshot().unheardErrors shouldBe 0
                client.snapshot().connects shouldBe 1
            }
        }

        test("errors that the server answers all the same are counted, and nobody gets them for an answer") {
            val seed = System.nanoTime()
            withClue({ "seed=$seed" }) {
                withClient(real) { client ->
                    val tooLarge = "x".repeat(2 shl 20)
                    repeat(16) { client.set("s$it", "v$it") }
                    client.set("text", "no number")
                    List(16) { n ->
                        launch {
                            val random = Random(seed + n)
                            repeat(50) {
                                when (random.nextInt(8)) {
                                    0 -> if (it % 10 == 0) client.noReply.set("large", tooLarge)
                                    1 -> client.noReply.metaArithmetic("text")
                                    2 -> client.noReply.incr("text")
                                    else -> client.noReply.set("s$n", "v$n")
                                }
                                client.get("s$n") shouldBe "v$n"
                            }
                        }
                    }.joinAll()
                    client.noReply.metaSet("large", tooLarge)
                    client.noReply.metaArithmetic("text")
                    client.get("s0") shouldBe "v0"
                    client.snapshot().unheardErrors shouldBeGreaterThan 1
                    client.snapshot().connects shouldBe 1
                    client.snapshot().connectionsLost shouldBe 0
                }
            }
        }

        test("whatever a server says before the fence belongs to the command before it") {
            val errors = listOf("", "ERROR\r\n", "CLIENT_ERROR bad\r\n", "SERVER_ERROR a\r\nSERVER_ERROR b\r\n")
            FakeMemcached {
                while (true) {
                    val words = (line() ?: break).split(' ')
                    when (words[0]) {
                        "set" -> {
                            line().also { say(errors[words[1].drop(1).toInt() % errors.size]) }
                        }

                        "md" -> {
                            say(errors[words[1].drop(1).toInt() % errors.size])
                        }

                        "version" -> {
                            say("VERSION 1\r\n")
                        }

                        "mn" -> {
                            say("MN\r\n")
                        }

                        else -> {
                            say(
                                words.drop(1).joinToString("") { "VALUE $it 0 ${it.length}\r\n$it\r\n" } + "END\r\n",
                            )
                        }
                    }
                }
            }.use { fake ->
                withUring(countsAll = false) {
                    MemcacheClient(runtime, MemcacheConfig(fake.address)).use { client ->
                        List(20) { n ->
                            launch {
                                repeat(20) {
                                    if (it % 2 ==
                                        0
                                    ) {
                                        client.noReply.set("k$n", "v")
                                    } else {
                                        client.noReply.metaDelete("k$n")
                                    }
                                    client.get("g$n") shouldBe "g$n"
                                }
                            }
                        }.joinAll()
                        // Four in a row have 0, 1, 1 and 2 errors.
                        client.snapshot().unheardErrors shouldBe 20L * 20 / 4 * 4
                        client.snapshot().connects shouldBe 1
                    }
                }
            }
        }

        test("a call waits only while there is no room, and is not sent when it is cancelled by then") {
            RealMemcached().use { own ->
                withClient(own, configure = { copy(maxInFlight = 2) }) { client ->
                    client.set("k", "before")
                    own.signal("STOP")
                    client.noReply.append("k", "1")
                    client.noReply.append("k", "2")
                    val third = launch { client.noReply.append("k", "3") }
                    val fourth = launch { client.noReply.append("k", "4") }
                    eventually({ "two wait" }) { client.snapshot().waiting == 2L }
                    third.cancelAndJoin()
                    own.signal("CONT")
                    fourth.join()
                    client.get("k") shouldBe "before124"
                    client.snapshot().cancellations shouldBe 1
                    client.snapshot().unheardErrors shouldBe 0
                }
            }
        }

        test("what was under way when the connection was lost is counted, and never sent again") {
            RealMemcached().use { own ->
                withClient(own, configure = { copy(replay = ReplayRule.AT_LEAST_ONCE) }) { client ->
                    client.set("k", "before")
                    own.signal("STOP")
                    repeat(3) { client.noReply.set("k", "after") }
                    yield()
                    own.restart()
                    eventually({ "it is noticed" }) { client.snapshot().unheardErrors == 3L }
                    client.get("k") shouldBe null
                    client.snapshot().replays shouldBe 0
                }
            }
        }

        test("one whose time is over before it was sent fails; one that was sent is counted") {
            RealMemcached().use { own ->
                // Before the server is stopped commands must succeed within this time.
                val impatient: MemcacheConfig.() -> MemcacheConfig =
                    { copy(maxInFlight = 1, commandTimeout = 1.seconds) }
                withClient(own, configure = impatient) { client ->
                    client.set("k", "v")
                    own.signal("STOP")
                    client.noReply.set("k", "sent")
                    shouldThrow<MemcacheTimeoutException> { client.noReply.set("k", "not sent") }.wasSent shouldBe false
                    client.snapshot().unheardErrors shouldBe 1
                    own.signal("CONT")
                    eventually({ "it is done late" }) { runCatching { client.get("k") }.getOrNull() == "sent" }
                }
            }
        }

        test("a server that is not there is told, and so are keys that are none") {
            withUring {
                MemcacheClient(runtime, MemcacheConfig("127.0.0.1:1")).use { client ->
                    shouldThrow<MemcacheConnectionException> { client.noReply.set("k", "v") }.wasSent shouldBe false
                    shouldThrow<IllegalArgumentException> { client.noReply.delete("a b") }
                    withContext(Dispatchers.IO) {
                        shouldThrow<MemcacheConnectionException> { client.noReply.set("k", "v") }
                    }
                }
                MemcacheClient(runtime, MemcacheConfig("no address")).use { client ->
                    shouldThrow<dev.uring.base.ConfigException> { client.noReply.set("k", "v") }
                }
            }
        }

        test("other threads, Java and pools send without answers, too") {
            RealMemcached(isTcp = true).use { one ->
                RealMemcached(isTcp = true).use { two ->
                    withUring(workers = 2) {
                        memcachePool(one.address, two.address).use { pool ->
                            withContext(Dispatchers.IO) { repeat(20) { pool.noReply.set("p$it", "$it") } }
                            eventually({ "all are there" }) { pool.getAll(List(20) { "p$it" }).size == 20 }
                            pool.noReply.flushAll()
                            pool.getAll(List(20) { "p$it" }).size shouldBe 0
                            shouldThrow<IllegalArgumentException> { pool.send(pool.request().fence()) }
                        }
                        memcache(one.address).use { client ->
                            val java = MemcacheAsyncClient(client)
                            withContext(Dispatchers.IO) {
                                java.blocking(java.setNoReply("java", "v"))
                                java.blocking(java.incrNoReply("java:n", 1))
                                java.blocking(java.touchNoReply("java", 100.seconds.toJavaDuration()))
                            }
                            eventually({ "it is there" }) { client.get("java") == "v" }
                            withContext(Dispatchers.IO) { java.blocking(java.deleteNoReply("java")) }
                            eventually({ "it is gone" }) { client.get("java") == null }
                        }
                    }
                }
            }
        }
    })
