package dev.uring.socket

import dev.uring.base.ConfigException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.net.InetSocketAddress
import java.net.UnixDomainSocketAddress
import java.time.Duration

private const val FORMS =
    "; use host:port with an IP address or localhost, such as 127.0.0.1:7000, [::1]:7000 or :7000 for every IPv4 " +
        "address, or unix:/path, or unix:@name"

private fun refusal(text: String): String = shouldThrow<ConfigException> { Endpoint.parse(text) }.message!!

class EndpointTest :
    FunSpec({
        test("every form is read, and written as it can be read again") {
            for ((text, written) in listOf(
                "127.0.0.1:7000" to "127.0.0.1:7000",
                "tcp://127.0.0.1:7000" to "127.0.0.1:7000",
                "tcp4://localhost:7000" to "127.0.0.1:7000",
                "tcp6://localhost:7000" to "[0:0:0:0:0:0:0:1]:7000",
                "[::1]:7000" to "[0:0:0:0:0:0:0:1]:7000",
                ":7000" to "0.0.0.0:7000",
                "tcp://*:0" to "0.0.0.0:0",
                "tcp6://:7000" to "[0:0:0:0:0:0:0:0]:7000",
                "unix:/run/echo.sock" to "unix:/run/echo.sock",
                "unix:echo.sock" to "unix:echo.sock",
                "unix:@echo" to "unix:@echo",
            )) {
                val address = Endpoint.parse(text).address()
                Endpoint.text(address) shouldBe written
                Endpoint.parse(written).address() shouldBe address
            }
        }

        test("the address is of the kind its family has") {
            Endpoint.parse("[::1]:1").address() shouldBe InetSocketAddress("::1", 1)
            Endpoint.parse("unix:/a").address() shouldBe UnixDomainSocketAddress.of("/a")
            Endpoint.parse("unix:@a").address() shouldBe AbstractUnixAddress.of("a")
            Endpoint.parse("tcp6://[::1]:1").isOnlyIpv6 shouldBe true
            Endpoint.parse("tcp://[::1]:1").isOnlyIpv6 shouldBe false
        }

        test("settings behind a question mark go before the options") {
            val options =
                SocketOptions
                    .builder()
                    .sharePort(true)
                    .quickAck(true)
                    .build()
            Endpoint.parse(":1").override(options) shouldBe options
            Endpoint.parse(":1?reuseport=false").override(options).sharePort() shouldBe false
            Endpoint.parse(":1?reuseport=false").override(options).quickAck() shouldBe true
            Endpoint.parse("tcp://:1?reuseport=true").override(SocketOptions.defaults()).sharePort() shouldBe true
            Endpoint
                .parse("unix:/a?mode=660")
                .override(options)
                .fileMode()
                .asInt shouldBe 0b110_110_000
        }

        test("each wrong form is refused with what is wrong in it") {
            for ((text, problem) in listOf(
                "" to "has no port",
                "nowhere" to "has no port",
                "127.0.0.1:" to "has port '', which is not a number",
                "127.0.0.1:http" to "has port 'http', which is not a number",
                "127.0.0.1:65536" to "has port 65536, which is not from 0 to 65535",
                "127.0.0.1:-1" to "has port -1, which is not from 0 to 65535",
                "example.org:80" to "has host 'example.org', which is not an IP address",
                "256.0.0.1:80" to "has host '256.0.0.1', which is not an IP address",
                "::1:80" to "has host '::1': an IPv6 address needs brackets",
                "tcp4://[::1]:80" to "has host '[::1]', which is not an IPv4 address",
                "tcp6://127.0.0.1:80" to "has host '127.0.0.1', which is not an IPv6 address",
                "http://127.0.0.1:80" to "has scheme 'http', which is none of tcp, tcp4, tcp6, tls and unix",
                ":1?reuseport=yes" to "has reuseport='yes', which is neither true nor false",
                ":1?backlog=3" to "has setting 'backlog', which is none of reuseport and mode",
                ":1?" to "has setting '', which is none of reuseport and mode",
                ":1?mode=660" to "has setting 'mode', but a TCP socket has no file",
                "unix:" to "has a path of 0 bytes; the kernel takes 1 to 107",
                "unix:/${"x".repeat(107)}" to "has a path of 108 bytes; the kernel takes 1 to 107",
                "unix:@" to "has an abstract name of 0 bytes; the kernel takes 1 to 107",
                "unix:@${"x".repeat(108)}" to "has an abstract name of 108 bytes; the kernel takes 1 to 107",
                "unix:/a?reuseport=true" to "has setting 'reuseport', but a Unix socket has no port",
                "unix:@a?mode=600" to "has setting 'mode', but an abstract Unix socket has no file",
                "unix:/a?mode=888" to "has mode='888', which is not an octal number",
                "unix:/a?mode=1777" to "has mode='1777', which is not from 0 to 777",
            )) {
                refusal(text) shouldBe "address '$text' $problem$FORMS"
            }
        }

        test("a UDP address has its scheme or none") {
            Endpoint.parseUdp("udp://[::1]:53") shouldBe InetSocketAddress("::1", 53)
            Endpoint.parseUdp(":53") shouldBe InetSocketAddress("0.0.0.0", 53)
            for (text in listOf("tcp://:53", "unix:/a")) {
                shouldThrow<ConfigException> { Endpoint.parseUdp(text) }.message shouldBe
                    "address '$text' has a scheme that is not udp$FORMS"
            }
            shouldThrow<ConfigException> { Endpoint.parseUdp("udp://localhost") }.message!! shouldContain "has no port"
        }

        test("what can be listened on but not connected to is refused for connecting") {
            fun refusal(text: String) =
                shouldThrow<ConfigException> { Endpoint.parse(text).requireConnectable() }.message!!
            refusal(":80") shouldContain "has no host to connect to"
            refusal("127.0.0.1:0") shouldContain "has port 0, where nobody listens"
            refusal("127.0.0.1:80?reuseport=true") shouldContain "has a setting that is for listening only"
        }

        test("a name is found in what can be connected to, with its port and family, and in nothing else") {
            for ((text, name) in listOf(
                "example.org:80" to EndpointName("example.org", 80, EndpointName.Family.EITHER),
                "tcp://example.org.:80" to EndpointName("example.org.", 80, EndpointName.Family.EITHER),
                "tls://example.org:443" to EndpointName("example.org", 443, EndpointName.Family.EITHER),
                "tcp4://db:1" to EndpointName("db", 1, EndpointName.Family.V4),
                "tcp6://1and1.example:65535" to EndpointName("1and1.example", 65535, EndpointName.Family.V6),
            )) {
                EndpointName.find(text).orElseThrow() shouldBe name
            }
            for (text in listOf(
                "",
                "nowhere",
                "127.0.0.1:80",
                "[::1]:80",
                "::1:80",
                "fe80::1:80",
                "localhost:80",
                ":80",
                "*:80",
                "256.0.0.1:80",
                "unix:/a:80",
                "unix:@a:80",
                "http://example.org:80",
                "udp://example.org:80",
            )) {
                EndpointName.find(text).isPresent shouldBe false
            }
        }

        test("what is wrong around a name is said") {
            fun refusal(text: String) = shouldThrow<ConfigException> { EndpointName.find(text) }.message
            refusal("example.org:http") shouldBe
                "address 'example.org:http' has port 'http', which is not a number$FORMS"
            refusal("example.org:0") shouldBe "address 'example.org:0' has port 0, where nobody listens$FORMS"
            refusal("example.org:65536") shouldBe
                "address 'example.org:65536' has port 65536, which is not from 0 to 65535$FORMS"
            refusal("example.org:80?reuseport=true") shouldBe
                "address 'example.org:80?reuseport=true' has a setting that is for listening only$FORMS"
        }

        test("options outside their bounds are refused with field, value and bound") {
            shouldThrow<ConfigException> {
                SocketOptions.builder().linger(Duration.ofMinutes(2))
            }.message shouldBe "SocketOptions.linger=PT2M must be from PT0S to PT1M"
            shouldThrow<ConfigException> {
                KeepAlive(Duration.ofMillis(1500), Duration.ofSeconds(1), 3)
            }.message shouldBe "SocketOptions.keepAlive.idle=PT1.5S must be whole seconds from PT1S to PT9H6M7S"
        }

        test("an abstract name is its bytes, whatever they are") {
            val bytes = byteArrayOf(0, -1, 7)
            AbstractUnixAddress.of(bytes).nameBytes() shouldBe bytes
            (AbstractUnixAddress.of(bytes) == AbstractUnixAddress.of(bytes.clone())) shouldBe true
            (AbstractUnixAddress.of("a") == AbstractUnixAddress.of("b")) shouldBe false
        }
    })
