import AdminProtocol
import Authentication

/// On whose word devices are changed, and what must hold of what the account has at that moment.
struct ChangeTerms: Sendable {
    /// Whose work a KDF is.
    let payer: SlowWork.Payer
    /// What the journal says of who did it, with a blank before it.
    let signature: String
    /// Why a change must not be; asked on the writer's thread, with all that the account has, right before the change.
    let refusal: @Sendable ([DeviceListing]) -> AdminRefusal?
    /// Whether the last device may be removed by force.
    let mayForce: Bool

    /// Root's: nothing has to hold.
    static let administrator = ChangeTerms(payer: .administrator, signature: "", refusal: { _ in nil }, mayForce: true)
}
