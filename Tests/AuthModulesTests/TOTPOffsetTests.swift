import Authentication
import AuthenticationTesting
import AuthModules
import Cryptography
import Testing

@Suite struct TOTPOffsetTests {
    private static let now: Int64 = 1_795_348_800

    @Test(arguments: [-1, 0, 1] as [Int64], [15, 30, 60] as [Int64])
    func `the offset of an accepted code is the step that it is of, less the present one`(
        _ steps: Int64, _ period: Int64
    ) throws {
        let parameters = try #require(TOTPParameters(period: period))
        let key = vectorKey(.sha1)
        let scene = try Scene(key: key, parameters)
        var devices = Devices(
            scene.list, of: scene.account, module: scene.module.id, sealing: PlainSealing())
        let session = ValidationSession(
            id: ValidationSession.ID(high: 1, low: 2), account: scene.account, provider: ProviderID("pam"),
            step: Step(scene.module.id), deadline: 0, triesLeft: 3)
        let answer = typed(try code(key, at: Self.now, parameters, stepsAhead: steps))
        _ = try scene.module.validate(session, answer, against: &devices, at: moment(Self.now))
        #expect(scene.module.offset(after: devices, at: moment(Self.now)) == steps)
    }

    @Test func `nothing accepted has no offset`() throws {
        let scene = try Scene(key: vectorKey(.sha1), #require(TOTPParameters()))
        let devices = Devices(scene.list, of: scene.account, module: scene.module.id, sealing: PlainSealing())
        #expect(scene.module.offset(after: devices, at: moment(Self.now)) == nil)
    }
}
