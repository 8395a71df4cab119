package dev.uring.momento

import dev.uring.base.ConfigException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldNotContain
import java.util.Base64

private fun jwt(claims: String) =
    "e30.${Base64.getUrlEncoder().withoutPadding().encodeToString(claims.toByteArray())}.sig"

private fun environment(vararg variables: Pair<String, String>) = MomentoCredential.fromEnvironment(variables.toMap())

class MomentoCredentialTest :
    FunSpec({
        test("the host is claimed by the token, under c, endpoint or cp, in this order") {
            MomentoCredential.fromToken(jwt("""{"c":"cell-test.example.com"}""")).address shouldBe
                "cache.cell-test.example.com:9004"
            MomentoCredential.fromToken(jwt("""{"cp":"control.x","endpoint":"e.x"}""")).host shouldBe "cache.e.x"
            MomentoCredential.fromToken(jwt("""{"cp":"cp.x","c":7}""")).host shouldBe "cache.cp.x"
            MomentoCredential.fromToken(jwt("""{"c":"cache.x","cp":"cp.x"}""")).host shouldBe "cache.x"
        }

        test("a token that claims nothing belongs to the default endpoint") {
            val plain = listOf("t", "a.b.c", "a.%%%.c", jwt("{}"), jwt("[1]"), jwt("""{"c":""}"""), "a.e30", "...")
            for (token in plain) {
                MomentoCredential.fromToken(token).address shouldBe
                    "cache.cell-4-us-east-1-1.prod.a.momentohq.com:9004"
            }
        }

        test("an endpoint is host and port, and a port that is none is 9004") {
            fun address(endpoint: String) = MomentoCredential.fromToken("t", endpoint).address
            address("cache.x:1234") shouldBe "cache.x:1234"
            address("x:1234") shouldBe "cache.x:1234"
            address("x:port") shouldBe "cache.x:9004"
            address("x:99999") shouldBe "cache.x:9004"
            address("x:") shouldBe "cache.x:9004"
            address("127.0.0.1:5") shouldBe "127.0.0.1:5"
            address("localhost:5") shouldBe "localhost:5"
            address("[::1]:5") shouldBe "[::1]:5"
        }

        test("the environment says token, endpoint, region and the name that TLS asks for") {
            val token = jwt("""{"c":"claimed.x"}""")
            environment("MOMENTO_API_KEY" to "a", "MOMENTO_AUTH_TOKEN" to "b").token shouldBe "a"
            environment("MOMENTO_API_KEY" to " ", "MOMENTO_AUTH_TOKEN" to "b").token shouldBe "b"
            environment("MOMENTO_API_KEY" to token).host shouldBe "cache.claimed.x"
            environment("MOMENTO_API_KEY" to token, "MOMENTO_REGION" to "eu-west-1").host shouldBe
                "cache.cell-4-eu-west-1-1.prod.a.momentohq.com"
            val all =
                environment(
                    "MOMENTO_API_KEY" to token,
                    "MOMENTO_REGION" to "eu-west-1",
                    "MOMENTO_ENDPOINT" to "said.x:77",
                    "MOMENTO_SNI_HOST" to "sni.x",
                )
            all.address shouldBe "cache.said.x:77"
            all.serverName shouldBe "sni.x"
            environment("MOMENTO_API_KEY" to token).serverName shouldBe "cache.claimed.x"
        }

        test("without a token there is no credential, and the message says what to set") {
            shouldThrow<ConfigException> { environment("MOMENTO_REGION" to "x") }.message shouldBe
                "neither MOMENTO_API_KEY nor MOMENTO_AUTH_TOKEN is set.\n  Set one of them to an API key of Momento."
            shouldThrow<ConfigException> { MomentoCredential.fromToken("") }
        }

        test("no token is printed") {
            val credential = MomentoCredential.fromToken("secret")
            "$credential ${MomentoConfig(credential)}" shouldNotContain "secret"
        }
    })
