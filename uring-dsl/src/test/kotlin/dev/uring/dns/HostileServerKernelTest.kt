package dev.uring.dns

import dev.uring.dns.NameResolutionException.Kind
import dev.uring.dsl.driverTest
import dev.uring.dsl.newSeed
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import org.xbill.DNS.Message
import java.net.DatagramPacket
import java.net.DatagramSocket
import java.util.concurrent.atomic.AtomicReference
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds

/** Answers that are lies, garbage or late: none of them is believed, and none of them breaks a lookup. */
class HostileServerKernelTest :
    FunSpec({
        val truth = "10.0.0.1"
        val lie = "6.6.6.6"

        driverTest(
            "a wrong id, a wrong name, a wrong type and a question in place of an answer are passed over and counted",
        ) {
            withFakeDns({
                val other =
                    AskedQuestion(
                        Message(it.message.toWire()).apply { header.id = header.id xor 0x5a5a },
                        false,
                        it.peer,
                    )
                val elsewhere =
                    it.answer(address(it.name, ip(lie))).let { bytes ->
                        bytes.also { b ->
                            b[13] =
                                'x'.code.toByte()
                        }
                    }
                val wrongType =
                    it.answer(address(it.name, ip(lie))).let { bytes ->
                        bytes.also { b ->
                            b[
                                12 +
                                    it.name.length +
                                    2 +
                                    1,
                            ] =
                                28
                        }
                    }
                val notAnAnswer = it.answer(address(it.name, ip(lie))) { reply -> reply.header.unsetFlag(0) }
                listOf(other.addresses(lie), elsewhere, wrongType, notAnAnswer, it.addresses(truth))
            }) { server ->
                resolver.texts("host.test", AddressFamily.IPV4) shouldBe listOf(truth)
                resolver.stats().ignoredAnswers shouldBe 4
                server.asked.size shouldBe 1
            }
        }

        driverTest("garbage is passed over") {
            val random = Random(newSeed())
            withFakeDns({
                List(UdpExchange.STRANGERS_MAX - 1) { random.nextBytes(random.nextInt(600)) } + it.addresses(truth)
            }) {
                resolver.texts("host.test", AddressFamily.IPV4) shouldBe listOf(truth)
                resolver.stats().ignoredAnswers shouldBe UdpExchange.STRANGERS_MAX - 1L
            }
        }

        driverTest("what comes from another address does not arrive, however right it is") {
            DatagramSocket().use { forger ->
                withFakeDns({
                    val forged = it.addresses(lie)
                    forger.send(DatagramPacket(forged, forged.size, it.peer))
                    listOf(it.addresses(truth))
                }) {
                    resolver.texts("host.test", AddressFamily.IPV4) shouldBe listOf(truth)
                    resolver.stats().ignoredAnswers shouldBe 0
                }
            }
        }

        driverTest("records about other names are not taken") {
            withFakeDns({
                listOf(
                    it.answer(address("bank.test", ip(lie)), address(it.name, ip(truth)), alias("other.test", it.name)),
                )
            }) { server ->
                resolver.texts("host.test", AddressFamily.IPV4) shouldBe listOf(truth)
                resolver.stats().cachedAnswers shouldBe 1
                server.asked.clear()
                resolver.texts("bank.test", AddressFamily.IPV4)
                server.asked.size shouldBe 1
            }
        }

        driverTest("letters in another case, or too many strangers, make us ask over TCP") {
            withFakeDns({
                // The letters that were sent are all lower once in 2^24 runs: then there is nothing to see.
                val lower = AskedQuestion(Message(it.message.toWire()), false, it.peer).addresses(lie)
                for (i in 13 until 13 + it.name.length) if (lower[i] in 65..90) lower[i] = (lower[i] + 32).toByte()
                listOf(if (it.isTcp) it.addresses(truth) else lower)
            }) { server ->
                resolver.texts("a-name-with-many-letters-in.test", AddressFamily.IPV4) shouldBe listOf(truth)
                server.asked.map { it.isTcp } shouldBe listOf(false, true)
            }
            withFakeDns({
                if (it.isTcp) listOf(it.addresses(truth)) else List(UdpExchange.STRANGERS_MAX) { ByteArray(12) }
            }) { server ->
                resolver.texts("host.test", AddressFamily.IPV4) shouldBe listOf(truth)
                server.asked.map { it.isTcp } shouldBe listOf(false, true)
            }
        }

        driverTest("an answer that comes after its time is not taken for the next one's") {
            val first = AtomicReference<AskedQuestion>()
            withFakeDns({
                if (first.compareAndSet(null, it)) {
                    emptyList()
                } else {
                    // To the first one's port, which is closed, and with the first one's id to the second one's.
                    send(first.get().addresses(lie), first.get().peer)
                    send(first.get().addresses(lie), it.peer)
                    listOf(it.addresses(truth))
                }
            }, { timeout(1.seconds).attempts(5) }) {
                resolver.texts("a-name-with-many-letters-in.test", AddressFamily.IPV4) shouldBe listOf(truth)
            }
        }

        driverTest("over TCP garbage, no answer and an answer to another question are failures of that server") {
            for (broken in listOf("garbage", "cut", "other", "nothing")) {
                withFakeDns({
                    when {
                        !it.isTcp -> {
                            listOf(it.answer { reply -> reply.header.setFlag(6) })
                        }

                        broken == "garbage" -> {
                            listOf(ByteArray(100) { 7 })
                        }

                        broken == "cut" -> {
                            listOf(it.addresses(truth).copyOf(20))
                        }

                        broken == "other" -> {
                            listOf(
                                AskedQuestion(
                                    Message(it.message.toWire()).apply {
                                        header.id++
                                    },
                                    true,
                                    it.peer,
                                ).addresses(lie),
                            )
                        }

                        else -> {
                            emptyList()
                        }
                    }
                }, { attempts(1) }) {
                    val refusal = resolver.refusal("host.test")
                    refusal.kind shouldBe Kind.SERVER_FAILURE
                    refusal.answers.first().outcome shouldContain "truncated; over TCP: "
                }
            }
        }
    })
