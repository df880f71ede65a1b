// The door to libpam. PAM's variadic functions are reached through the inline wrappers below, since
// Swift imports no C variadics.
#ifndef TWOSTEP_CPAM_SHIM_H
#define TWOSTEP_CPAM_SHIM_H

#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/// One journal line of the module's. `text` is never used as a format.
static inline void pam_journal(const pam_handle_t *handle, int priority, const char *text) {
    pam_syslog(handle, priority, "%s", text);
}

/// Puts one message to the application and hands back its answer (to be freed) or NULL.
///
/// This is pam_prompt(3) without its asprintf: the text is passed as it is, and nothing is allocated
/// here. The answer belongs to the application's allocator, so it is given back with free(3).
static inline int pam_converse(pam_handle_t *handle, int style, const char *text, char **answer) {
    const void *item = NULL;
    *answer = NULL;
    int status = pam_get_item(handle, PAM_CONV, &item);
    if (status != PAM_SUCCESS) return PAM_CONV_ERR;
    const struct pam_conv *conversation = (const struct pam_conv *)item;
    if (conversation == NULL || conversation->conv == NULL) return PAM_CONV_ERR;
    struct pam_message message = {.msg_style = style, .msg = text};
    const struct pam_message *messages[1] = {&message};
    struct pam_response *responses = NULL;
    status = conversation->conv(1, messages, &responses, conversation->appdata_ptr);
    if (status != PAM_SUCCESS) {
        // Whoever fails may have left an array behind: its contents are not known to be valid, so it stays.
        return status;
    }
    if (responses == NULL) return style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON ? PAM_CONV_ERR : PAM_SUCCESS;
    *answer = responses->resp;
    free(responses);
    return PAM_SUCCESS;
}

#endif
