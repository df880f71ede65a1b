import AuthModules
import Authentication
import Cryptography
import Testing

/// The mappings of pam_u2f, in the forms that pamu2fcfg has written them.
@Suite struct PAMU2FFileTests {
    private func read(_ text: String) throws -> [ForeignDevice] {
        let bytes = Array(text.utf8)
        return try PAMU2FFile.read(bytes.span, named: "file", relyingParty: "pam://host.example")
    }

    private static func row(_ kind: String) throws -> (id: [UInt8], key: [UInt8]) {
        let row = try #require(FIDO2VectorTests.rows("assertions").first { $0.fields[2] == kind })
        return (try row.bytes(5), try row.bytes(6))
    }

    /// Base64 (RFC 4648 section 4), written here so that nothing of ours reads what it has made.
    private static func base64(_ bytes: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = (0..<3).map { start + $0 < bytes.count ? Int(bytes[start + $0]) : 0 }
            let bits = group[0] << 16 | group[1] << 8 | group[2]
            for place in 0..<4 {
                text.append(start + place > bytes.count ? "=" : letters[bits >> (18 - 6 * place) & 63])
            }
        }
        return text
    }

    private static func mapping(_ kind: String, _ attributes: String = "+presence") throws -> String {
        let (id, key) = try row(kind)
        return "\(base64(id)),\(base64(key)),\(kind),\(attributes)"
    }

    @Test(arguments: ["es256", "eddsa", "rs256"]) func `every type of key is read`(_ kind: String) throws {
        let devices = try read("alice:\(try Self.mapping(kind))\n")
        let (id, key) = try Self.row(kind)
        let device = try #require(devices.first)
        let credential = device.key.withBytes { FIDO2Credential(payload: $0) }
        #expect(credential?.id == id && credential?.publicKey == key)
        #expect(device.account == "alice" && device.kind == .fido2 && device.module == ModuleID("fido2"))
        #expect(device.parameters == ["relying_party": "pam://host.example"] && device.notes == [])
    }

    @Test func `several keys and several users are read, and what is said beside them is told`() throws {
        let keys = try ["es256", "eddsa"].map { try Self.mapping($0, "+presence+verification+pin") }
        let devices = try read("# mappings\n\nalice:\(keys[0]):\(keys[1])\r\nbob:\(try Self.mapping("rs256", ""))\n")
        #expect(devices.map(\.account) == ["alice", "alice", "bob"])
        #expect(devices.map(\.line) == [3, 3, 4])
        #expect(devices[0].notes == ["It wanted its PIN: the module's user_verification holds for every key."])
        #expect(devices[2].notes == ["It was not to be touched: the module's user_presence holds for every key."])
    }

    @Test func `a mapping from before there were types is read`() throws {
        let (id, key) = try Self.row("es256")
        let digits = ([4] + key).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let urlSafe = Self.base64(id).map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }.filter { $0 != "=" }
        let device = try #require(try read("alice:\(String(urlSafe)),\(digits)\n").first)
        let read = device.key.withBytes { FIDO2Credential(payload: $0)?.id }
        #expect(read == id)
    }

    @Test(arguments: [
        ("alice\n", "alice has no key"),
        (":a,b\n", "expected the name of an account before the first ':'"),
        ("alice:abc\n", "expected a key as id,public key,type,attributes"),
        ("alice:*,AAAA,es256,+presence\n", "a key that is resident has no id here"),
        ("alice:!,AAAA,es256,+presence\n", "the id of a key is no base64"),
        ("alice:AAAA,AAAA,dsa,+presence\n", "the type of a key is 'dsa', expected es256, eddsa or rs256"),
        ("alice:AAAA,AAAA,es256,+presence\n", "the public key of a key is none of ES256"),
        ("alice:AAAA,04abcd\n", "the public key of a key is none of ES256"),
    ]) func `what is no mapping is refused with its line`(_ text: String, _ expected: String) throws {
        do {
            _ = try read("\n" + text)
            Issue.record("it was read")
        } catch let error as ImportFailure {
            #expect(error.line == 2 && error.explanation.hasPrefix(expected), "\(error)")
        }
    }

    @Test func `a key that was made for another relying party is not adopted`() throws {
        let device = try #require(try read("alice:\(try Self.mapping("es256"))\n").first)
        let module = try FIDO2ModuleTests.module(["relying_party": "pam://other"], keys: nil)
        let request = SetupRequest(
            account: try #require(AccountName("alice")), device: "key", issuer: "host", parameters: device.parameters)
        let failure = SetupFailure(
            "the key is for the relying party 'pam://host.example', and the module's relying_party is 'pam://other'")
        #expect(throws: failure) { _ = try module.adopt(request, key: device.key, minimumBits: 0) }
        let own = try FIDO2ModuleTests.module(keys: nil)
        let setup = try own.adopt(request, key: device.key, minimumBits: 0)
        let (payload, state) = (bytes(setup.payload), setup.initialState)
        #expect(payload == bytes(device.key) && state == 0)
        let cut = Array(payload.dropLast())
        let (whole, none) = (
            own.carry(7, from: payload.span, to: payload.span), own.carry(7, from: payload.span, to: cut.span)
        )
        #expect(whole == 7 && none == nil)
    }
}
