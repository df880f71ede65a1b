import AuthModules
import Cryptography
import Foundation
import SecurityKeyProtocol
import Testing

/// What security keys say, as Tests/Fixtures/fido2/make.py has put it together with libraries that are not ours.
@Suite struct FIDO2VectorTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let fields: [String]
        var testDescription: String { fields[0] }

        func bytes(_ index: Int) throws -> [UInt8] {
            let digits = Array(fields[index].utf8)
            return try stride(from: 0, to: digits.count, by: 2).map {
                try #require(UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16))
            }
        }

        /// The counter that is accepted; nil where nothing is.
        var counter: UInt32? { UInt32(fields[1]) }

        func algorithm() throws -> SignatureAlgorithm {
            try #require(SignatureAlgorithm.allCases.first { $0.name.lowercased() == fields[2] })
        }
    }

    static func rows(_ file: String) -> [Row] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let text = try? String(contentsOf: folder.appendingPathComponent("Fixtures/fido2/\(file).txt"), encoding: .utf8)
        return (text ?? "").split(separator: "\n").map { line in
            Row(fields: line.split(separator: "|", omittingEmptySubsequences: false).map(String.init))
        }
    }

    static func terms(_ row: Row, presence: String = "touch") throws -> FIDO2Terms {
        FIDO2Terms(
            relyingParty: "pam://host.example", wantsPresence: presence == "touch",
            verification: try #require(UserVerification(row.fields[3])))
    }

    @Test func `there are vectors of every kind, good ones and bad ones`() {
        for file in ["assertions", "registrations"] {
            let rows = Self.rows(file)
            for algorithm in SignatureAlgorithm.allCases.map({ $0.name.lowercased() }) {
                #expect(rows.contains { $0.fields[2] == algorithm && $0.counter != nil })
                #expect(rows.count { $0.fields[2] == algorithm && $0.counter == nil } >= 5)
            }
        }
    }

    @Test(arguments: rows("assertions")) func `an assertion is accepted for what it is, or not at all`(_ row: Row)
        throws
    {
        let credential = try #require(FIDO2Credential(id: try row.bytes(5), try row.algorithm(), try row.bytes(6)))
        let assertion = FIDO2Assertion(
            credential: try row.bytes(5), authenticatorData: try row.bytes(8), signature: try row.bytes(9))
        let terms = try Self.terms(row, presence: row.fields[4])
        let hash = try row.bytes(7)
        #expect(try assertion.counter(for: credential, over: hash, on: terms) == row.counter)
        guard row.counter != nil else { return }
        // Nothing of it can be left out, added or changed.
        for (index, byte) in assertion.authenticatorData.enumerated() {
            var data = assertion.authenticatorData
            data[index] = byte ^ 0x10
            let forged = FIDO2Assertion(
                credential: assertion.credential, authenticatorData: data, signature: assertion.signature)
            #expect(try forged.counter(for: credential, over: hash, on: terms) == nil, "byte \(index)")
            let cut = FIDO2Assertion(
                credential: assertion.credential, authenticatorData: Array(data[..<index]),
                signature: assertion.signature)
            #expect(try cut.counter(for: credential, over: hash, on: terms) == nil, "\(index) bytes")
        }
        let other = FIDO2Assertion(
            credential: assertion.credential + [0], authenticatorData: assertion.authenticatorData,
            signature: assertion.signature)
        #expect(try other.counter(for: credential, over: hash, on: terms) == nil)
        #expect(try assertion.counter(for: credential, over: hash.reversed(), on: terms) == nil)
    }

    @Test(arguments: rows("registrations")) func `a new credential is read for what it is, or not at all`(
        _ row: Row
    ) throws {
        let module = try FIDO2ModuleTests.module(["user_verification": row.fields[3]], keys: nil)
        let data = try row.bytes(6)
        let made = module.newCredential(in: data)
        #expect(made?.counter == row.counter)
        guard row.counter != nil else { return }
        #expect(try made?.credential == FIDO2Credential(id: row.bytes(4), row.algorithm(), row.bytes(5)))
        for length in data.indices {
            #expect(module.newCredential(in: Array(data[..<length])) == nil, "\(length) bytes")
        }
    }
}
