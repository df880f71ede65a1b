// The door to libpam for whoever is its application, as sshd and sudo are. There is no link line: the daemon, which is the
// same executable, carries no libpam. It is loaded when somebody tries a stack.
//
// Whether PAM was content is said by a bool: the codes themselves mean something in the module, and are written there.
#ifndef TWOSTEP_CPAMAPPLICATION_SHIM_H
#define TWOSTEP_CPAMAPPLICATION_SHIM_H

#include <dlfcn.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

/// Puts one message to the person. `answer` is what was typed, from malloc(3), or NULL; false ends the conversation.
typedef bool (*application_answer)(void *context, int style, const char *text, char **answer);

/// What libpam hands back with each message.
struct application_conversation {
    application_answer answer;
    void *context;
};

static inline int application_converse(
    int count, const struct pam_message **messages, struct pam_response **responses, void *data) {
    const struct application_conversation *conversation = (const struct application_conversation *)data;
    if (count <= 0 || count > PAM_MAX_NUM_MSG || conversation == NULL) return PAM_CONV_ERR;
    struct pam_response *answers = (struct pam_response *)calloc((size_t)count, sizeof *answers);
    if (answers == NULL) return PAM_BUF_ERR;
    for (int index = 0; index < count; index++) {
        const struct pam_message *message = messages[index];
        if (conversation->answer(
                conversation->context, message->msg_style, message->msg, &answers[index].resp)) continue;
        for (int given = 0; given < index; given++) {
            // What was typed so far; a modern libc has explicit_bzero, which is declared elsewhere.
            volatile char *byte = answers[given].resp;
            while (byte != NULL && *byte != 0) *byte++ = 0;
            free(answers[given].resp);
        }
        free(answers);
        return PAM_CONV_ERR;
    }
    *responses = answers;
    return PAM_SUCCESS;
}

/// libpam, or NULL: then application_load_error says why.
static inline void *application_load(void) { return dlopen("libpam.so.0", RTLD_NOW | RTLD_GLOBAL); }

/// Why the last load failed, or NULL.
static inline const char *application_load_error(void) { return dlerror(); }

/// pam_start(3), or pam_start_confdir(3) where `folder` is not NULL; `start` and `conversation` outlive the handle.
static inline int application_start(
    void *library, const char *service, const char *user, const char *folder, struct pam_conv *start,
    struct application_conversation *conversation, pam_handle_t **handle) {
    start->conv = application_converse;
    start->appdata_ptr = conversation;
    if (folder == NULL) {
        int (*call)(const char *, const char *, const struct pam_conv *, pam_handle_t **) =
            (int (*)(const char *, const char *, const struct pam_conv *, pam_handle_t **))dlsym(library, "pam_start");
        return call == NULL ? PAM_SYMBOL_ERR : call(service, user, start, handle);
    }
    int (*call)(const char *, const char *, const struct pam_conv *, const char *, pam_handle_t **) =
        (int (*)(const char *, const char *, const struct pam_conv *, const char *, pam_handle_t **))dlsym(
            library, "pam_start_confdir");
    return call == NULL ? PAM_SYMBOL_ERR : call(service, user, start, folder, handle);
}

/// pam_set_item(3) for the items that are texts.
static inline bool application_set_item(void *library, pam_handle_t *handle, int item, const char *text) {
    int (*call)(pam_handle_t *, int, const void *) = (int (*)(pam_handle_t *, int, const void *))dlsym(library, "pam_set_item");
    return call != NULL && call(handle, item, text) == PAM_SUCCESS;
}

/// pam_putenv(3) with NAME=value.
static inline bool application_put_environment(void *library, pam_handle_t *handle, const char *assignment) {
    int (*call)(pam_handle_t *, const char *) = (int (*)(pam_handle_t *, const char *))dlsym(library, "pam_putenv");
    return call != NULL && call(handle, assignment) == PAM_SUCCESS;
}

/// pam_getenv(3): a text that belongs to libpam, or NULL.
static inline const char *application_environment(void *library, pam_handle_t *handle, const char *name) {
    const char *(*call)(pam_handle_t *, const char *) = (const char *(*)(pam_handle_t *, const char *))dlsym(library, "pam_getenv");
    return call == NULL ? NULL : call(handle, name);
}

static inline int application_call(void *library, const char *name, pam_handle_t *handle, int flags) {
    int (*call)(pam_handle_t *, int) = (int (*)(pam_handle_t *, int))dlsym(library, name);
    return call == NULL ? PAM_SYMBOL_ERR : call(handle, flags);
}

static inline int application_authenticate(void *library, pam_handle_t *handle, int flags) {
    return application_call(library, "pam_authenticate", handle, flags);
}

static inline int application_account(void *library, pam_handle_t *handle, int flags) {
    return application_call(library, "pam_acct_mgmt", handle, flags);
}

static inline void application_end(void *library, pam_handle_t *handle, int code) {
    (void)application_call(library, "pam_end", handle, code);
}

/// pam_strerror(3): a text that belongs to libpam, or NULL.
static inline const char *application_description(void *library, pam_handle_t *handle, int code) {
    const char *(*call)(pam_handle_t *, int) = (const char *(*)(pam_handle_t *, int))dlsym(library, "pam_strerror");
    return call == NULL ? NULL : call(handle, code);
}

static inline bool application_is_content(int code) { return code == PAM_SUCCESS; }

/// The code as <security/_pam_types.h> calls it.
static inline const char *application_code_name(int code) {
    switch (code) {
#define TWOSTEP_NAME(code) case code: return #code
        TWOSTEP_NAME(PAM_SUCCESS);
        TWOSTEP_NAME(PAM_OPEN_ERR);
        TWOSTEP_NAME(PAM_SYMBOL_ERR);
        TWOSTEP_NAME(PAM_SERVICE_ERR);
        TWOSTEP_NAME(PAM_SYSTEM_ERR);
        TWOSTEP_NAME(PAM_BUF_ERR);
        TWOSTEP_NAME(PAM_PERM_DENIED);
        TWOSTEP_NAME(PAM_AUTH_ERR);
        TWOSTEP_NAME(PAM_CRED_INSUFFICIENT);
        TWOSTEP_NAME(PAM_AUTHINFO_UNAVAIL);
        TWOSTEP_NAME(PAM_USER_UNKNOWN);
        TWOSTEP_NAME(PAM_MAXTRIES);
        TWOSTEP_NAME(PAM_NEW_AUTHTOK_REQD);
        TWOSTEP_NAME(PAM_ACCT_EXPIRED);
        TWOSTEP_NAME(PAM_CONV_ERR);
        TWOSTEP_NAME(PAM_AUTHTOK_EXPIRED);
        TWOSTEP_NAME(PAM_MODULE_UNKNOWN);
        TWOSTEP_NAME(PAM_IGNORE);
        TWOSTEP_NAME(PAM_ABORT);
#undef TWOSTEP_NAME
    default: return NULL;
    }
}

#endif
