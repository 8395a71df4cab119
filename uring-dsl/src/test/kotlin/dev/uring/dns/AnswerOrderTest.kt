package dev.uring.dns

import dev.uring.dsl.newSeed
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import java.net.InetAddress
import kotlin.random.Random

class AnswerOrderTest :
    FunSpec({
        test("addresses alternate between the versions, IPv6 first, each in its order") {
            fun order(vararg text: String) = interleaved(text.map { InetAddress.ofLiteral(it) }).map { it.hostAddress }
            order("10.0.0.1", "10.0.0.2", "10.0.0.3", "::1") shouldBe
                listOf("0:0:0:0:0:0:0:1", "10.0.0.1", "10.0.0.2", "10.0.0.3")
            order("::1", "::2", "10.0.0.1") shouldBe listOf("0:0:0:0:0:0:0:1", "10.0.0.1", "0:0:0:0:0:0:0:2")
            order("10.0.0.1", "10.0.0.1") shouldBe listOf("10.0.0.1")
            order() shouldBe emptyList()
        }

        test("services come by priority, and none is lost") {
            val services = List(20) { ServiceRecord("h$it", 80, priority = it % 3, weight = it % 4) }
            val random = Random(newSeed())
            val drawn = drawOrder(services, random::nextInt)
            drawn.map { it.priority } shouldBe services.map { it.priority }.sorted()
            drawn.toSet() shouldBe services.toSet()
        }

        test("within a priority the first place is drawn in proportion to the weight") {
            val services =
                listOf(ServiceRecord("a", 1, 0, 10), ServiceRecord("b", 1, 0, 30), ServiceRecord("c", 1, 0, 0))
            val random = Random(newSeed())
            val firsts = List(8_000) { drawOrder(services, random::nextInt).first().host }.groupingBy { it }.eachCount()
            // 41 numbers: c has one of them, a ten, b thirty. Ten standard deviations to each side.
            firsts.getValue("b") shouldBeInRange 5_460..6_240
            firsts.getValue("a") shouldBeInRange 1_570..2_330
            firsts.getValue("c") shouldBeInRange 50..340
        }

        test("without weights every order is possible") {
            val services = List(3) { ServiceRecord("h$it", 1, 0, 0) }
            drawOrder(services) { 0 }.map { it.host } shouldBe listOf("h0", "h1", "h2")
        }
    })
