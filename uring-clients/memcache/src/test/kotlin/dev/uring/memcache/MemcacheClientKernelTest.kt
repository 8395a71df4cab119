package dev.uring.memcache

import dev.uring.dsl.onWorker
import dev.uring.memcache.codec.Transcoder
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.maps.shouldContainKey
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** The text commands, against the real server. */
class MemcacheClientKernelTest :
    FunSpec({
        needsMemcached()

        val server = lazy { RealMemcached() }
        val real by server
        afterSpec { if (server.isInitialized()) real.close() }

        test("values are stored, read, changed and deleted") {
            withClient(real) { client ->
                client.flushAll()
                client.get("k") shouldBe null
                client.set("k", "vä")
                client.get("k") shouldBe "vä"
                client.add("k", "other") shouldBe false
                client.add("k2", "two") shouldBe true
                client.replace("k", "new") shouldBe true
                client.replace("k3", "none") shouldBe false
                client.append("k", "+") shouldBe true
                client.prepend("k", "-") shouldBe true
                client.append("k3", "+") shouldBe false
                client.get("k") shouldBe "-new+"
                client.delete("k") shouldBe true
                client.delete("k") shouldBe false
                client.set("empty", "")
                client.get("empty") shouldBe ""
            }
        }

        test("a value is stored only while its cas is the one that was read") {
            withClient(real) { client ->
                client.set("cas", "1")
                val read = client.gets("cas")!!
                client.cas("cas", "2", read.cas) shouldBe CasResult.STORED
                client.cas("cas", "3", read.cas) shouldBe CasResult.EXISTS
                client.cas("cas:none", "3", read.cas) shouldBe CasResult.NOT_FOUND
                client.get("cas") shouldBe "2"
                client.gats("cas", 60.seconds)!!.value shouldBe "2"
            }
        }

        test("numbers are added and taken, without a sign and modulo 2^64") {
            withClient(real) { client ->
                client.set("n", "5")
                client.incr("n") shouldBe 6
                client.incr("n", 10) shouldBe 16
                client.decr("n", 20) shouldBe 0
                client.incr("none") shouldBe null
                client.set("n", "18446744073709551615")
                client.incr("n", 2) shouldBe 1
                client.set("n", "no number")
                shouldThrow<MemcacheClientErrorException> { client.incr("n") }.message shouldBe
                    "INCR: the server answers: CLIENT_ERROR cannot increment or decrement non-numeric value"
            }
        }

        test("items expire when they are told to, in whole seconds, at once, after 30 days or never") {
            withClient(real) { client ->
                client.set("e", "v", 100.seconds)
                client.metaGet("e") { ttl = true }!!.ttlSeconds!! shouldBeInRange 90L..100L
                client.touch("e", 200.seconds) shouldBe true
                client.metaGet("e") { ttl = true }!!.ttlSeconds!! shouldBeInRange 190L..200L
                client.gat("e", 40.days) shouldBe "v"
                // A moment in time is sent for more than 30 days. The client rounds it up, and memcached's clock runs up to two
                // seconds behind: it is read once a second and began in whole seconds.
                client.metaGet("e") { ttl = true }!!.ttlSeconds!! shouldBeInRange 39 * 86_400L..40 * 86_400L + 3
                client.set("e", "v")
                client.metaGet("e") { ttl = true }!!.ttlSeconds shouldBe -1
                client.touch("e", (-1).seconds) shouldBe true
                client.get("e") shouldBe null
                client.touch("e", 1.seconds) shouldBe false
                expirySeconds(1500.milliseconds) shouldBe 2
            }
        }

        test("thousands of keys are read in one round trip, and come in the order that was asked for") {
            withClient(real) { client ->
                val keys = List(5000) { "multi:$it:${"x".repeat(it % 50)}" }
                keys.filterIndexed { i, _ -> i % 3 != 0 }.map { async { client.set(it, "v$it") } }.awaitAll()
                val sentBefore = client.snapshot().commandsSent
                val found = client.getAll(keys)
                client.snapshot().commandsSent shouldBe sentBefore + 1
                found.keys.toList() shouldBe keys.filterIndexed { i, _ -> i % 3 != 0 }
                for ((key, value) in found) value shouldBe "v$key"
                client.getsAll(keys.take(5)).values.map { it.value } shouldBe found.values.take(3)
                client.gatAll(keys, 100.seconds) shouldBe found
                client.getAll(emptyList()) shouldBe emptyMap()
                client.set("schlüssel", "u")
                client.getAll(listOf("none", "schlüssel")) shouldBe mapOf("schlüssel" to "u")
            }
        }

        test("a value is read where it was received") {
            withClient(real) { client ->
                client.set("view", "0123456789")
                client.getView("view") { it!!.get(3).toInt() } shouldBe '3'.code
                client.getView("view:none") { it } shouldBe null
                client.set("view:large", "y".repeat(500_000))
                client.getView("view:large") { it!!.indexOf('z'.code.toByte(), 0) } shouldBe -1
                client.getView("view:large") { it!!.size() } shouldBe 500_000
                shouldThrow<IllegalStateException> { client.getView("view") { error("mine") } }.message shouldBe "mine"
                client.get("view") shouldBe "0123456789"
            }
        }

        test("the program's own 32 bits come back with the value") {
            val flagged =
                object : Transcoder<Int> {
                    override fun write(
                        value: Int,
                        writer: dev.uring.memcache.codec.MemcacheWriter,
                    ): Int {
                        writer.value("number")
                        return value
                    }

                    override fun read(
                        bytes: dev.uring.bytes.ByteView,
                        clientFlags: Int,
                    ): Int = clientFlags
                }
            withClient(real) { client ->
                val numbers = client.withTranscoder(flagged)
                for (value in listOf(0, 1, -1, Int.MIN_VALUE)) {
                    numbers.set("flags", value)
                    numbers.get("flags") shouldBe value
                    numbers.gets("flags")!!.clientFlags shouldBe value
                    numbers.metaSet("flags", value).result shouldBe MetaResult.DONE
                    numbers.metaGet("flags")!!.value shouldBe value
                }
            }
        }

        test("commands of coroutines on all workers and elsewhere each get their own reply") {
            withClient(real, workers = 2) { client ->
                List(64) { n ->
                    launch(if (n % 2 == 0) Dispatchers.Default else coroutineContext) {
                        repeat(200) { round ->
                            client.set("many:$n", "$n:$round")
                            client.get("many:$n") shouldBe "$n:$round"
                        }
                    }
                }.joinAll()
                onWorker(1) { client.get("many:0") } shouldBe "0:199"
                withContext(Dispatchers.IO) { client.getAll(listOf("many:1")) } shouldBe mapOf("many:1" to "1:199")
                client.snapshot().connects shouldBe 2
            }
        }

        test("statistics and versions are read, of every section") {
            withClient(real) { client ->
                client.version() shouldStartWith "1."
                client.set("stat", "v")
                client.stats() shouldContainKey "cmd_set"
                client.stats("items").keys.first() shouldContain "items:"
                client.stats("slabs") shouldContainKey "active_slabs"
                client.stats("settings") shouldContainKey "maxconns"
                client.stats("sizes").size shouldNotBe 0
                client.stats("reset") shouldBe emptyMap()
                client.stats()["cmd_set"] shouldBe "0"
                client.stats("detail on") shouldBe emptyMap()
                client.get("a:b")
                client.stats("detail dump") shouldContainKey "a"
                client.stats("detail off") shouldBe emptyMap()
                client.verbosity(0)
            }
            // Of a server that nobody is just leaving: the address of such a connection may be whatever lay in memory.
            RealMemcached().use { own -> withClient(own) { it.stats("conns").size shouldNotBe 0 } }
        }

        test("a value that is too large is a typed error, and the connection goes on") {
            RealMemcached("-I", "2m").use { own ->
                withClient(own) { client ->
                    client.set("two", "x".repeat(1 shl 20))
                    client.getView("two") { it!!.size() } shouldBe (1 shl 20)
                    shouldThrow<ItemTooLargeException> { client.set("two", "x".repeat(1 shl 21)) }.message shouldBe
                        "SET: the server answers: SERVER_ERROR object too large for cache\n" +
                        "  The value is larger than the server's -I (1 MiB by default). Raise it, " +
                        "compress the value, or split it."
                    client.get("two") shouldBe null
                    client.snapshot().errorReplies shouldBe 1
                    client.snapshot().connects shouldBe 1
                }
            }
        }

        test("a server without memory is a typed error, or evicts") {
            RealMemcached("-m", "2", "-M").use { own ->
                withClient(own) { client ->
                    val value = "x".repeat(500_000)
                    val failures =
                        List(20) { n -> runCatching { client.set("m$n", value) }.exceptionOrNull() }.filterNotNull()
                    failures.size.toLong() shouldBeGreaterThan 0
                    failures.forEach { it::class shouldBe MemcacheOutOfMemoryException::class }
                }
            }
            RealMemcached("-m", "4").use { own ->
                withClient(own) { client ->
                    repeat(50) { client.set("m$it", "x".repeat(500_000)) }
                    client.get("m49")!!.length shouldBe 500_000
                    client.get("m0") shouldBe null
                }
            }
        }

        test("a server that wants user and password gets them, and refuses others with the remedy") {
            val users = java.io.File.createTempFile("uring-memcached", ".users")
            users.writeText("me:secret\n")
            // Authentication is not there for Unix sockets.
            RealMemcached("-Y", users.path, isTcp = true).use { own ->
                withClient(own, configure = { copy(username = "me", password = "secret") }) { client ->
                    client.set("k", "v")
                    client.get("k") shouldBe "v"
                }
                val refusal =
                    shouldThrow<MemcacheClientErrorException> {
                        withClient(own, configure = { copy(username = "me", password = "wrong") }) { }
                    }
                refusal.message shouldContain "authentication failure\n  Set MemcacheConfig.username and password"
                shouldThrow<MemcacheClientErrorException> { withClient(own) { } }.message shouldContain
                    "unauthenticated"
            }
            users.delete()
        }

        test("a server that is not there is told with the address") {
            val failure = shouldThrow<MemcacheConnectionException> { withUring { memcache("127.0.0.1:1").close() } }
            failure.message shouldContain "127.0.0.1:1"
            failure.wasSent shouldBe false
        }
    })
