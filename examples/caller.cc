// caller.cc - handles that free themselves, and a lambda that runs tasks.
//
//     c++ -std=c++17 caller.cc $(pkg-config --cflags --libs millrace)
#include <millrace.h>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

template <typename T, void (*Free)(T *)> struct Freeing {
    void operator()(T *handle) const { Free(handle); }
};
using Client = std::unique_ptr<mr_client, Freeing<mr_client, mr_client_free>>;
using Worker = std::unique_ptr<mr_worker, Freeing<mr_worker, mr_worker_free>>;

static void must(mr_code code, const mr_error &err)
{
    if (code != MR_OK)
        throw std::runtime_error(err.message);
}

static void drain(mr_client *client, const char *type, mr_handler handler,
                  void *context)
{
    mr_error err;
    mr_worker *raw = nullptr;
    mr_worker_config config{};
    config.is_draining = true;
    must(mr_worker_new(client, &config, &raw, &err), err);
    Worker worker(raw);
    must(mr_worker_handle(raw, type, handler, context, &err), err);
    must(mr_worker_run(raw, &err), err);
}

int main()
{
    mr_error err;
    mr_client *raw = nullptr;
    must(mr_client_open("memory:", &raw, &err), err);
    Client client(raw);

    mr_task_spec spec{};
    spec.type = "greet";
    spec.payload = "\"world\"";
    must(mr_enqueue(raw, &spec, nullptr, &err), err);

    std::string greeted;
    drain(raw, "greet", [](mr_task *task, void *context) {
        *static_cast<std::string *>(context) = mr_task_payload(task, nullptr);
        return mr_task_done(task, nullptr);
    }, &greeted);
    std::cout << "hello " << greeted << "\n";
}
