// invoke(): any operator of LibTorch by the name in its schema, through the dispatcher's boxed call.
//
// The schema says of every argument what it is, so a wrong one is refused by its name before LibTorch sees it. Operators
// that draw from LibTorch's generator are refused: no stream of the host would know of the draw, and a resumed run would
// differ from one that was never stopped.
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/enum_tag.h>
#include <ATen/core/jit_type.h>

#include <cstring>

#include "engine/ops.hpp"

using c10::TypeKind;

static const char *const KINDS[] = {"none",   "a tensor", "an integer", "a real", "a bool",
                                    "a text", "integers", "tensors",    "a dtype"};
static const char *kind_name(int32_t kind)
{
    return kind >= 0 && kind <= PDR_V_DTYPE ? KINDS[kind] : "of no known kind";
}

[[noreturn]] static void refuse(const c10::Argument &a, const pdr_value &v)
{
    throw refusal(PDR_EINVALID, c10::str("argument ", a.name(), " is ", kind_name(v.kind), "; the schema says ",
                                         a.real_type()->str()));
}

static const at::Tensor &tensor_in(const c10::Argument &a, const pdr_tensor *t)
{
    ENGINE_CHECK(t, PDR_EINVALID, "argument ", a.name(), " is a tensor that is NULL");
    ENGINE_CHECK(engine_alive(t), PDR_EINVALID, "argument ", a.name(), " is a tensor that was released");
    return t->value;
}

static c10::IValue tensor_list(const c10::Argument &a, const pdr_value &v, bool optional)
{
    if (v.kind != PDR_V_TENSORS && v.kind != PDR_V_TENSOR)
        refuse(a, v);
    pdr_tensor *const *list = v.kind == PDR_V_TENSOR ? &v.as.tensor : v.as.tensors;
    const uint32_t count = v.kind == PDR_V_TENSOR ? 1 : v.count;
    c10::List<std::optional<at::Tensor>> some;
    c10::List<at::Tensor> all;
    for (uint32_t i = 0; i < count; i++) {
        if (!optional)
            all.push_back(tensor_in(a, list[i]));
        else if (list[i])
            some.push_back(tensor_in(a, list[i]));
        else
            some.push_back(std::nullopt);
    }
    return optional ? c10::IValue(std::move(some)) : c10::IValue(std::move(all));
}

// int[2] takes one integer for all, as in a YAML or a Python call.
static c10::IValue int_list(const c10::Argument &a, const pdr_value &v)
{
    if (v.kind == PDR_V_INTS)
        return c10::IValue(c10::List<int64_t>(at::IntArrayRef(v.as.ints, v.count)));
    if (v.kind != PDR_V_INT || !a.N())
        refuse(a, v);
    return c10::IValue(c10::List<int64_t>(at::IntArrayRef(std::vector<int64_t>((size_t)*a.N(), v.as.i))));
}

static c10::IValue list_argument(const c10::Argument &a, const c10::TypePtr &element, const pdr_value &v)
{
    if (element->kind() == TypeKind::TensorType)
        return tensor_list(a, v, false);
    if (element->kind() == TypeKind::OptionalType)
        return tensor_list(a, v, true);
    if (element->kind() == TypeKind::IntType || element->kind() == TypeKind::SymIntType)
        return int_list(a, v);
    if (element->kind() != TypeKind::BoolType || v.kind != PDR_V_INTS)
        refuse(a, v);
    c10::List<bool> out;
    for (uint32_t i = 0; i < v.count; i++)
        out.push_back(v.as.ints[i] != 0);
    return out;
}

static bool names_dtype(const c10::TypePtr &t)
{
    return t->kind() == TypeKind::ScalarTypeType ||
           (t->kind() == TypeKind::OptionalType && names_dtype(t->castRaw<c10::OptionalType>()->getElementType()));
}

static c10::IValue int_argument(const c10::Argument &a, const pdr_value &v)
{
    if (names_dtype(a.real_type())) {
        if (v.kind != PDR_V_DTYPE)
            refuse(a, v);
        return (int64_t)engine_scalar_type((pdr_dtype)v.as.i);
    }
    if (v.kind != PDR_V_INT)
        refuse(a, v);
    return v.as.i;
}

static c10::IValue number_argument(const c10::Argument &a, const pdr_value &v, bool real)
{
    if (v.kind == PDR_V_REAL)
        return v.as.r;
    if (v.kind == PDR_V_INT)
        return real ? c10::IValue((double)v.as.i) : c10::IValue(v.as.i);
    if (v.kind == PDR_V_BOOL && !real)
        return v.as.i != 0;
    refuse(a, v);
}

static c10::IValue argument(const c10::Argument &a, const c10::TypePtr &type, const pdr_value &v)
{
    switch (type->kind()) {
    case TypeKind::OptionalType:
        return v.kind == PDR_V_NONE ? c10::IValue()
                                    : argument(a, type->castRaw<c10::OptionalType>()->getElementType(), v);
    case TypeKind::TensorType:
        if (v.kind != PDR_V_TENSOR)
            refuse(a, v);
        return tensor_in(a, v.as.tensor);
    case TypeKind::IntType:
    case TypeKind::SymIntType: return int_argument(a, v);
    case TypeKind::FloatType: return number_argument(a, v, true);
    case TypeKind::NumberType: return number_argument(a, v, false);
    case TypeKind::BoolType:
        if (v.kind != PDR_V_BOOL)
            refuse(a, v);
        return v.as.i != 0;
    case TypeKind::StringType:
        if (v.kind != PDR_V_TEXT || !v.as.text)
            refuse(a, v);
        return std::string(v.as.text);
    case TypeKind::ListType: return list_argument(a, type->castRaw<c10::ListType>()->getElementType(), v);
    default:
        throw refusal(PDR_EUNSUPPORTED,
                      c10::str("argument ", a.name(), " is a ", a.real_type()->str(), ", which pdr_value cannot hold"));
    }
}

static bool is_device(const c10::Argument &a)
{
    c10::TypePtr t = a.type();
    if (t->kind() == TypeKind::OptionalType)
        t = t->castRaw<c10::OptionalType>()->getElementType();
    return t->kind() == TypeKind::DeviceObjType;
}

// What a caller leaves out; a device left out is that of the run, and not LibTorch's default, the CPU.
static c10::IValue left_out(const c10::Argument &a)
{
    if (is_device(a))
        return engine_device();
    ENGINE_CHECK(a.default_value(), PDR_EINVALID, "argument ", a.name(),
                 " is missing; the schema has no default for it");
    return *a.default_value();
}

static std::vector<c10::IValue> arguments(const c10::FunctionSchema &schema, const pdr_value *args, int32_t count)
{
    const auto &wanted = schema.arguments();
    ENGINE_CHECK(count >= 0 && (size_t)count <= wanted.size(), PDR_EINVALID, count, " arguments; the schema has ",
                 wanted.size(), ": ", schema);
    std::vector<c10::IValue> stack;
    for (size_t i = 0; i < wanted.size(); i++) {
        bool given = i < (size_t)count && !(args[i].kind == PDR_V_NONE && is_device(wanted[i]));
        stack.push_back(given ? argument(wanted[i], wanted[i].type(), args[i]) : left_out(wanted[i]));
    }
    return stack;
}

static bool draws(const c10::OperatorHandle &op)
{
    if (op.hasTag(at::Tag::nondeterministic_seeded))
        return true;
    for (const auto &a : op.schema().arguments())
        if (a.type()->str().find("Generator") != std::string::npos)
            return true;
    return false;
}

// Names of the overloads that an operator has, for whoever named none.
static std::string overloads(const std::string &name)
{
    std::string list;
    for (const auto &o : c10::Dispatcher::singleton().getAllOpNames())
        if (o.name == name)
            list += (list.empty() ? "" : ", ") + name + "." + o.overload_name;
    return list;
}

static c10::OperatorHandle find(const char *op)
{
    const char *dot = strchr(op, '.');
    std::string name = dot ? std::string(op, dot) : std::string(op);
    auto found = c10::Dispatcher::singleton().findSchema({name, dot ? dot + 1 : ""});
    if (!found) {
        std::string others = overloads(name);
        throw refusal(PDR_ENOTFOUND, others.empty() ? "LibTorch has no operator of this name; expected \"aten::name\""
                                                    : "LibTorch has no such overload; it has " + others);
    }
    ENGINE_CHECK(
        !draws(*found), PDR_EUNSUPPORTED,
        "this operator draws from LibTorch's own generator, which no checkpoint holds; draw from a stream (host->rng)");
    return *found;
}

// A result of a kind that pdr_value cannot hold is PDR_V_NONE.
static pdr_value result(pdr_scope *s, const c10::IValue &v)
{
    pdr_value out = {};
    if (v.isTensor() && v.toTensor().defined()) {
        out.kind = PDR_V_TENSOR;
        out.as.tensor = engine_hold(s, v.toTensor());
    } else if (v.isInt()) {
        out.kind = PDR_V_INT;
        out.as.i = v.toInt();
    } else if (v.isDouble()) {
        out.kind = PDR_V_REAL;
        out.as.r = v.toDouble();
    } else if (v.isBool()) {
        out.kind = PDR_V_BOOL;
        out.as.i = v.toBool();
    } else if (v.isTensorList()) {
        auto &list = s->tensor_lists.emplace_back();
        for (const at::Tensor &t : v.toTensorVector())
            list.push_back(engine_hold(s, t));
        out.kind = PDR_V_TENSORS;
        out.count = (uint32_t)list.size();
        out.as.tensors = list.data();
    } else if (v.isIntList()) {
        auto &list = s->int_lists.emplace_back(v.toIntVector());
        out.kind = PDR_V_INTS;
        out.count = (uint32_t)list.size();
        out.as.ints = list.data();
    }
    return out;
}

static void call(pdr_scope *s, const char *op, const pdr_value *args, int32_t count, pdr_value *results, int32_t room)
{
    c10::OperatorHandle handle = find(op);
    std::vector<c10::IValue> stack = arguments(handle.schema(), args, count);
    size_t returned = handle.schema().returns().size();
    bool in_place = room == 0 && handle.schema().is_mutable(); // its result is an argument: none need be taken
    ENGINE_CHECK(in_place || (size_t)room >= returned, PDR_EINVALID, "room for ", room, " results; the schema has ",
                 returned, ": ", handle.schema());
    // What writes into its arguments is never recorded, like every writing slot of the table.
    c10::AutoGradMode grad(s->mode == PDR_GRAD && !handle.schema().is_mutable());
    handle.callBoxed(stack);
    for (int32_t i = 0; i < room; i++)
        results[i] = (size_t)i < stack.size() ? result(s, stack[(size_t)i]) : pdr_value{};
}

pdr_status engine_invoke(pdr_scope *s, const char *op, const pdr_value *args, int32_t arg_count, pdr_value *results,
                         int32_t result_room)
{
    if (!engine_ready(s, "invoke", {}))
        return s && s->code ? s->code : PDR_EINVALID;
    if (!op || (arg_count > 0 && !args) || result_room < 0 || (result_room > 0 && !results)) {
        engine_fail(s, PDR_EINVALID, "invoke: no name, or no room for what is counted");
        return s->code;
    }
    for (int32_t i = 0; i < arg_count; i++) // a NULL that an earlier failure left: nothing runs, as in every slot
        if (args[i].kind == PDR_V_TENSOR && !args[i].as.tensor) {
            engine_fail(s, PDR_EINVALID, "%s: argument %d is a tensor that is NULL; PDR_V_NONE leaves one out", op,
                        i + 1);
            return s->code;
        }
    (void)engine_attempt(s, op, false, [&] { call(s, op, args, arg_count, results, result_room); });
    return s->code;
}
